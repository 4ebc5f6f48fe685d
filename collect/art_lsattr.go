//go:build linux

package collect

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

var _ = register(Artifact{
	Name: "node/lsattr", Path: "node/lsattr.txt", Group: "disk", Privacy: PrivacyWorkload, Native: nativeAttributes, Gather: gatherNative,
	What: []string{"FS_IOC_GETFLAGS of files below /var/lib/docker/containers, /var/lib/containerd, /var/lib/kubelet, /etc/kubernetes, /etc/cni, /var/log/pods, at most four levels deep"},
})

// attributeRoots hold files that kubelet and runtime must be able to change. Overlay layers are not among them: they
// are many, and nobody changes them.
var attributeRoots = []string{"/var/lib/docker/containers", "/var/lib/containerd", "/var/lib/kubelet", "/etc/kubernetes", "/etc/cni", "/var/log/pods"}

const (
	attributeDepth = 4
	attributeFiles = 20000
)

// The flags of ioctl_iflags(2) that make a change fail with EPERM.
const (
	flagImmutable  = 0x10
	flagAppendOnly = 0x20
)

// nativeAttributes prints files that are immutable or may only be appended to, in lsattr's form.
func nativeAttributes(ctx context.Context, h *host, k *sink) error {
	seen, found := 0, 0
	for _, root := range attributeRoots {
		err := filepath.WalkDir(h.path(root), func(name string, d fs.DirEntry, err error) error {
			if seen++; seen > attributeFiles || ctx.Err() != nil {
				return fs.SkipAll
			}
			if err != nil || !d.IsDir() && !d.Type().IsRegular() {
				return nil
			}
			if flags := attributes(name); flags != "" {
				found++
				if _, err := fmt.Fprintf(k, "%s %s\n", flags, h.unrooted(name)); err != nil {
					return err
				}
			}
			if d.IsDir() && (skipAttributes(name) || strings.Count(name, "/")-strings.Count(h.path(root), "/") >= attributeDepth) {
				return fs.SkipDir
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(k, "# %d of %d files cannot be changed\n", found, min(seen, attributeFiles))
	return err
}

// skipAttributes keeps the walk out of pods' volumes, which may be dead network mounts, and out of image layers.
func skipAttributes(dir string) bool {
	switch filepath.Base(dir) {
	case "volumes", "volume-subpaths", "volumeDevices", "snapshots", "plugins", "io.containerd.content.v1.content":
		return true
	}
	return false
}

// attributes returns lsattr's letters when one of them makes changes fail, else "".
func attributes(name string) string {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_NOATIME, 0)
	if err != nil {
		return ""
	}
	defer f.Close()
	flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil || flags&(flagImmutable|flagAppendOnly) == 0 {
		return "" // most file systems without attributes say ENOTTY
	}
	letters := []byte("----------------------")
	if flags&flagImmutable != 0 {
		letters[4] = 'i'
	}
	if flags&flagAppendOnly != 0 {
		letters[5] = 'a'
	}
	return string(letters)
}

// unrooted is a file's name on the node.
func (h *host) unrooted(name string) string {
	return "/" + strings.TrimPrefix(strings.TrimPrefix(name, h.path("/")), "/")
}
