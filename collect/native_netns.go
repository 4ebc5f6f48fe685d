//go:build linux

package collect

import (
	"encoding/binary"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// NETNSA_* of linux/net_namespace.h.
const (
	netnsaNsid = 1
	netnsaFd   = 3
)

// namespaceNames maps the ids that the kernel gives to other namespaces to the names that ip-netns(8) knows.
func namespaceNames(h *host) numberNames {
	names := numberNames{}
	for _, file := range h.glob("/run/netns/*") {
		if id, ok := namespaceID(h.path(file)); ok {
			names[id] = filepath.Base(file)
		}
	}
	return names
}

func namespaceID(name string) (uint64, bool) {
	f, err := os.Open(name)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	req := nl.NewNetlinkRequest(unix.RTM_GETNSID, 0)
	req.AddRawData(append(make([]byte, 4), attribute(netnsaFd, binary.NativeEndian.AppendUint32(nil, uint32(f.Fd())))...))
	messages, err := req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWNSID)
	if err != nil || len(messages) == 0 {
		return 0, false
	}
	id := parseAttrs(messages[0], 4).number(netnsaNsid)
	return id, int32(id) >= 0
}
