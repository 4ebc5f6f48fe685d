//go:build linux

package collect

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// listenFiles are the tables of include/net/tcp_states.h's sockets that wait: LISTEN is 0A; an unconnected UDP socket
// has the state of a closed one.
var listenFiles = []struct{ name, protocol, state, word string }{
	{"/proc/net/udp", "udp", "07", "UNCONN"}, {"/proc/net/udp6", "udp", "07", "UNCONN"},
	{"/proc/net/tcp", "tcp", "0A", "LISTEN"}, {"/proc/net/tcp6", "tcp", "0A", "LISTEN"},
}

// nativeListen prints what "ss -lntup" prints, but for the listen queue's limit, which /proc does not tell.
func nativeListen(ctx context.Context, h *host, k *sink) error {
	owners := socketOwners(ctx, h)
	if _, err := fmt.Fprintf(k, "%-5s %-6s %-6s %-6s %21s %21s %s\n", "Netid", "State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port", "Process"); err != nil {
		return err
	}
	for i, file := range listenFiles {
		err := eachLine(h.path(file.name), func(line string) error {
			f := strings.Fields(line)
			if len(f) < 10 || f[3] != file.state {
				return nil
			}
			local, ok := socketAddress(f[1])
			queue, err := strconv.ParseUint(f[4][strings.IndexByte(f[4], ':')+1:], 16, 64)
			if !ok || err != nil {
				return nil // the heading
			}
			peer := "0.0.0.0:*"
			if strings.HasPrefix(local, "[") || strings.HasPrefix(local, "*") {
				peer = map[bool]string{true: "*:*", false: "[::]:*"}[strings.HasPrefix(local, "*")]
			}
			text := fmt.Sprintf("%-5s %-6s %-6d %-6d %21s %21s %s", file.protocol, file.word, queue, 0, local, peer, owners[f[9]])
			_, err = fmt.Fprintln(k, strings.TrimRight(text, " "))
			return err
		})
		if err != nil && (i == 0 || !errors.Is(err, os.ErrNotExist)) {
			return err
		}
	}
	return ctx.Err()
}

func eachLine(name string, f func(string) error) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 4*kib), 64*kib)
	for lines.Scan() {
		if err := f(lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// socketAddress turns "0100007F:0016", words in the machine's byte order, into "127.0.0.1:22". As ss does for sockets
// of which it does not know that they are for IPv6 only, it writes the IPv6 address for all as "*".
func socketAddress(text string) (string, bool) {
	host, portText, ok := strings.Cut(text, ":")
	port, err := strconv.ParseUint(portText, 16, 16)
	raw, err2 := hex.DecodeString(host)
	if !ok || err != nil || err2 != nil || len(raw)%4 != 0 {
		return "", false
	}
	for i := 0; i+4 <= len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	addr, ok := netip.AddrFromSlice(raw)
	switch {
	case !ok:
		return "", false
	case addr == netip.IPv6Unspecified():
		return fmt.Sprintf("*:%d", port), true
	case addr.Is6():
		return fmt.Sprintf("[%s]:%d", addr, port), true
	}
	return fmt.Sprintf("%s:%d", addr, port), true
}

// socketOwners maps the inodes of sockets to who has them open: users:(("sshd",pid=812,fd=3)). Another user's
// processes are out of sight for anyone but root.
func socketOwners(ctx context.Context, h *host) map[string]string {
	type owner struct {
		inode, comm string
		pid, fd     int
	}
	var found []owner
	for _, dir := range h.glob("/proc/[0-9]*/fd") {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		if err != nil || ctx.Err() != nil {
			continue
		}
		fds, err := os.ReadDir(h.path(dir))
		if err != nil {
			continue
		}
		comm := ""
		for _, fd := range fds {
			target, err := os.Readlink(filepath.Join(h.path(dir), fd.Name()))
			inode, ok := strings.CutPrefix(target, "socket:[")
			if err != nil || !ok {
				continue
			}
			if comm == "" {
				comm = h.line(filepath.Dir(dir) + "/comm")
			}
			number, err := strconv.Atoi(fd.Name())
			if err == nil {
				found = append(found, owner{strings.TrimSuffix(inode, "]"), comm, pid, number})
			}
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].pid < found[j].pid })
	users := map[string][]string{}
	for _, o := range found {
		users[o.inode] = append(users[o.inode], fmt.Sprintf("(%q,pid=%d,fd=%d)", o.comm, o.pid, o.fd))
	}
	texts := make(map[string]string, len(users))
	for inode, list := range users {
		texts[inode] = "users:(" + strings.Join(list, ",") + ")"
	}
	return texts
}
