//go:build linux

package main

import (
	"fmt"
	"os"
	"testing"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"coldcase/bundle"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"coldcase-collect": main,
		"bundle-entries":   bundleEntries,
	})
}

// bundleEntries lists a bundle as the analyzer's reader sees it: status and path of every entry, then its problems.
// $IDENTITY names a key file for encrypted ones.
func bundleEntries() {
	o := bundle.Options{Stdin: os.Stdin}
	if name := os.Getenv("IDENTITY"); name != "" {
		key, err := os.Open(name)
		if err == nil {
			o.Identities, err = age.ParseIdentities(key)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	r, err := bundle.Open(os.Args[1:], o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for e, err := r.Next(); err == nil; e, err = r.Next() {
		fmt.Println(e.Status, e.Path)
	}
	if len(r.Locked()) > 0 {
		fmt.Fprintln(os.Stderr, r.Problems())
		os.Exit(1)
	}
	for _, b := range r.Bundles() {
		fmt.Println("bundle", b.Manifest.Node.Name, "aborted", b.Aborted)
	}
	for _, p := range r.Problems() {
		fmt.Println("problem", p.Path, p.What)
	}
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

func TestSizes(t *testing.T) {
	require.Equal(t, "0 B", size(0))
	require.Equal(t, "9999 B", size(9999))
	require.Equal(t, "10 KiB", size(10<<10))
	require.Equal(t, "12 MiB", size(12<<20))
}
