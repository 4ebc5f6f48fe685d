package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"coldcase/bundle"
)

// must ends a helper program of the scripts.
func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// makeBundle NODE TIME FILE writes a small bundle with a dead loop in its kernel log.
func makeBundle() {
	at, err := time.Parse(time.RFC3339, os.Args[2])
	must(err)
	f, err := os.Create(os.Args[3])
	must(err)
	w, err := bundle.NewWriter(f, bundle.Manifest{Tool: "coldcase-collect test", Started: at, Node: bundle.NodeID{Name: os.Args[1]},
		Clock: bundle.Clock{Wall: at, Monotonic: time.Hour, Uptime: time.Hour}}, bundle.WriterOptions{})
	must(err)
	for _, p := range [][3]string{
		{"node/dmesg", "node/dmesg.txt", "[  301.000133] Dead loop on virtual device cilium_host, fix it urgently!\n"},
		{"node/uptime", "node/uptime.txt", "3600.00 7200.00\n"},
		{"node/uname", "node/uname.txt", "Linux " + os.Args[1] + " 6.1.0-18-amd64 #1 SMP Debian 6.1.76-1 x86_64 GNU/Linux\n"},
	} {
		a, err := w.Begin(bundle.IndexEntry{Artifact: p[0], Path: p[1], Started: at})
		must(err)
		_, err = io.WriteString(a, p[2])
		must(err)
		must(a.End(bundle.IndexEntry{Status: bundle.StatusOK, Ended: at}))
	}
	must(w.Close(at.Add(time.Minute), false))
	must(f.Close())
}

// seal KEY IN OUT encrypts a file.
func seal() {
	to, err := age.ParseX25519Recipient(os.Args[1])
	must(err)
	data, err := os.ReadFile(os.Args[2])
	must(err)
	out, err := os.Create(os.Args[3])
	must(err)
	w, err := age.Encrypt(out, to)
	must(err)
	_, err = w.Write(data)
	must(err)
	must(w.Close())
	must(out.Close())
}

// tamper HOW IN OUT changes a bundle in such a way that its check sums hold, or cuts it.
func tamper() {
	how := os.Args[1]
	data, err := os.ReadFile(os.Args[2])
	must(err)
	if how == "cut" {
		must(os.WriteFile(os.Args[3], data[:len(data)*2/3], 0o600))
		return
	}
	type member struct {
		head tar.Header
		data []byte
	}
	var all []member
	z, err := zstd.NewReader(bytes.NewReader(data))
	must(err)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		must(err)
		text, err := io.ReadAll(r)
		must(err)
		all = append(all, member{tar.Header{Name: h.Name, Mode: h.Mode, ModTime: h.ModTime, PAXRecords: h.PAXRecords}, text})
	}
	switch how { // members: manifest, dmesg, uptime, uname, index
	case "alter":
		all[1].data[0] ^= 1
	case "remove":
		all = slices.Delete(all, 2, 3)
	case "add":
		all = slices.Insert(all, 2, member{tar.Header{Name: "node/added.txt", Mode: 0o644}, []byte("added\n")})
	case "reorder":
		all[1], all[2] = all[2], all[1]
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range all {
		m.head.Size = int64(len(m.data))
		must(w.WriteHeader(&m.head))
		_, err := w.Write(m.data)
		must(err)
	}
	must(w.Close())
	enc, err := zstd.NewWriter(nil)
	must(err)
	must(os.WriteFile(os.Args[3], enc.EncodeAll(b.Bytes(), nil), 0o600))
}
