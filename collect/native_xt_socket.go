//go:build linux

package collect

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socketOption asks the kernel by getsockopt(2), whose buffer holds the question and then the answer.
func socketOption(fd, level, name int, buffer []byte) error {
	size := uint32(len(buffer))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(unsafe.Pointer(unsafe.SliceData(buffer))), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// xtSets finds the names of IP sets: rules hold their numbers. It asks for numbers that rules hold, so ip_set is loaded.
type xtSets struct {
	names map[uint16]string
	fd    int // 0 before the first question, -1 when there is no socket
}

// name is a set's name; "" when the kernel does not tell it.
func (s *xtSets) name(number uint16) string {
	const soIPSet, getByIndex, protocol = 83, 7, 6 // linux/netfilter/ipset/ip_set.h
	if name, ok := s.names[number]; ok {
		return name
	}
	if s.fd == 0 {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			fd = -1
		}
		s.fd, s.names = fd, map[uint16]string{}
	}
	b := make([]byte, 40) // struct ip_set_req_get_set
	binary.NativeEndian.PutUint32(b, getByIndex)
	binary.NativeEndian.PutUint32(b[4:], protocol)
	binary.NativeEndian.PutUint16(b[8:], number)
	if s.fd >= 0 && socketOption(s.fd, unix.IPPROTO_IP, soIPSet, b) == nil {
		s.names[number] = unix.ByteSliceToString(b[8:])
		return s.names[number]
	}
	s.names[number] = ""
	return ""
}

func (s *xtSets) close() {
	if s.fd > 0 {
		unix.Close(s.fd)
	}
}

// set says which set is meant, and which parts of the packet are looked up in it: struct xt_set_info.
func (x *xtInfo) set(option string, at int, not bool) {
	number, parts, sources := uint16(x.u16(at)), x.u8(at+2), x.u8(at+3)
	name := x.sets.name(number)
	if name == "" {
		name, x.undecoded = fmt.Sprintf("@%d", number), true
	}
	var sides []string
	for i := range min(parts, 6) {
		side := "dst"
		if sources>>(i+1)&1 != 0 {
			side = "src"
		}
		sides = append(sides, side)
	}
	x.option(not, option, xtWord(name), strings.Join(sides, ","))
}
