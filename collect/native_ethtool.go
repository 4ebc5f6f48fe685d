//go:build linux

package collect

import (
	"fmt"
	"io"
	"path"
	"sort"

	"github.com/safchain/ethtool"
)

// featureGroups are the general names of ethtool(8), each for the kernel's features that a pattern names.
var featureGroups = []struct{ name, pattern string }{
	{"rx-checksumming", "rx-checksum"}, {"tx-checksumming", "tx-checksum-*"}, {"scatter-gather", "tx-scatter-gather*"},
	{"tcp-segmentation-offload", "tx-tcp*-segmentation"}, {"udp-fragmentation-offload", "tx-udp-fragmentation"},
	{"generic-segmentation-offload", "tx-generic-segmentation"}, {"generic-receive-offload", "rx-gro"}, {"large-receive-offload", "rx-lro"},
	{"rx-vlan-offload", "rx-vlan-hw-parse"}, {"tx-vlan-offload", "tx-vlan-hw-insert"}, {"ntuple-filters", "rx-ntuple-filter"},
	{"receive-hashing", "rx-hashing"},
}

// nativeEthtool has what stands in for "ethtool FLAG DEVICE".
var nativeEthtool = map[string]func(device string, w io.Writer) error{"-k": nativeFeatures, "-S": nativeStatistics, "-i": nativeDriver}

// nativeFeatures prints what "ethtool -k DEVICE" prints: first the features that have a general name, then the others.
func nativeFeatures(device string, w io.Writer) error {
	e, err := ethtool.NewEthtool()
	if err != nil {
		return fmt.Errorf("open a socket for ethtool: %w", err)
	}
	defer e.Close()
	index, err := e.FeatureNames(device)
	if err != nil {
		return fmt.Errorf("names of the features of %q: %w", device, err)
	}
	states, err := e.FeaturesWithState(device)
	if err != nil {
		return fmt.Errorf("features of %q: %w", device, err)
	}
	var names []string
	for name := range index {
		if name != "" {
			names = append(names, name)
		}
	}
	sort.Slice(names, func(i, j int) bool { return index[names[i]] < index[names[j]] })
	if _, err := fmt.Fprintf(w, "Features for %s:\n", device); err != nil {
		return err
	}
	grouped := map[string]bool{}
	for _, g := range featureGroups {
		var members []string
		on := false
		for _, name := range names {
			if ok, err := path.Match(g.pattern, name); ok && err == nil {
				members, grouped[name], on = append(members, name), true, on || states[name].Active
			}
		}
		if err := printGroup(w, g.name, members, on, states); err != nil {
			return err
		}
	}
	for _, name := range names {
		if grouped[name] {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", name, featureState(states[name])); err != nil {
			return err
		}
	}
	return nil
}

// printGroup prints a general name; its features follow only where it stands for several.
func printGroup(w io.Writer, name string, members []string, on bool, states map[string]ethtool.FeatureState) error {
	switch len(members) {
	case 0:
		return nil
	case 1:
		_, err := fmt.Fprintf(w, "%s: %s\n", name, featureState(states[members[0]]))
		return err
	}
	if _, err := fmt.Fprintf(w, "%s: %s\n", name, map[bool]string{true: "on", false: "off"}[on]); err != nil {
		return err
	}
	for _, m := range members {
		if _, err := fmt.Fprintf(w, "\t%s: %s\n", m, featureState(states[m])); err != nil {
			return err
		}
	}
	return nil
}

func featureState(s ethtool.FeatureState) string {
	text := map[bool]string{true: "on", false: "off"}[s.Active]
	switch {
	case !s.Available || s.NeverChanged:
		text += " [fixed]"
	case s.Requested != s.Active:
		text += map[bool]string{true: " [requested on]", false: " [requested off]"}[s.Requested]
	}
	return text
}

// nativeStatistics prints what "ethtool -S DEVICE" prints, but sorted by name.
func nativeStatistics(device string, w io.Writer) error {
	e, err := ethtool.NewEthtool()
	if err != nil {
		return fmt.Errorf("open a socket for ethtool: %w", err)
	}
	defer e.Close()
	figures, err := e.Stats(device)
	if err != nil {
		return fmt.Errorf("statistics of %q: %w", device, err)
	}
	if len(figures) == 0 {
		return fmt.Errorf("no stats available of %q", device)
	}
	names := make([]string, 0, len(figures))
	for name := range figures {
		names = append(names, name)
	}
	sort.Strings(names)
	if _, err := fmt.Fprintln(w, "NIC statistics:"); err != nil {
		return err
	}
	for _, name := range names {
		if _, err := fmt.Fprintf(w, "     %s: %d\n", name, figures[name]); err != nil {
			return err
		}
	}
	return nil
}

// nativeDriver prints what "ethtool -i DEVICE" prints.
func nativeDriver(device string, w io.Writer) error {
	e, err := ethtool.NewEthtool()
	if err != nil {
		return fmt.Errorf("open a socket for ethtool: %w", err)
	}
	defer e.Close()
	d, err := e.DriverInfo(device)
	if err != nil {
		return fmt.Errorf("driver of %q: %w", device, err)
	}
	yes := map[bool]string{true: "yes", false: "no"}
	_, err = fmt.Fprintf(w, "driver: %s\nversion: %s\nfirmware-version: %s\nexpansion-rom-version: %s\nbus-info: %s\n"+
		"supports-statistics: %s\nsupports-test: %s\nsupports-eeprom-access: %s\nsupports-register-dump: %s\nsupports-priv-flags: %s\n",
		d.Driver, d.Version, d.FwVersion, d.EromVersion, d.BusInfo, yes[d.NStats > 0], yes[d.TestInfoLen > 0], yes[d.EedumpLen > 0], yes[d.RegdumpLen > 0], yes[d.NPrivFlags > 0])
	return err
}
