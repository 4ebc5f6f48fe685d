//go:build linux

package collect

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// xtBases are the tables of iptables-nft with the priorities of their base chains. Anything else in these tables is of
// somebody who uses nft.
var xtBases = map[string]map[string]int32{
	"raw":      {"PREROUTING": -300, "OUTPUT": -300},
	"mangle":   {"PREROUTING": -150, "INPUT": -150, "FORWARD": -150, "OUTPUT": -150, "POSTROUTING": -150},
	"nat":      {"PREROUTING": -100, "INPUT": 100, "OUTPUT": -100, "POSTROUTING": 100},
	"filter":   {"INPUT": 0, "FORWARD": 0, "OUTPUT": 0},
	"security": {"INPUT": 50, "FORWARD": 50, "OUTPUT": 50},
}

// nftTables prints what "iptables-nft-save -c" prints: those tables of nf_tables that iptables-nft knows.
func (l *xtLayout) nftTables(ctx context.Context, h *host, k *sink) error {
	out, stable, err := nftStable(func(out *nftSpool) (torn bool, err error) {
		d := &xtDump{xtLayout: l, reader: nftReader{ctx: ctx, host: h, out: out}, sets: &xtSets{}}
		defer d.sets.close()
		err = d.read()
		return d.reader.torn, err
	})
	if err != nil {
		return err
	}
	if err := out.copyPieces(k); err != nil {
		return err
	}
	return out.missing(stable)
}

// xtDump reads the tables once.
type xtDump struct {
	*xtLayout
	reader nftReader
	sets   *xtSets
	beyond bool // the table has a rule that iptables has no words for
}

// xtTable is what is known of a table before its rules are read.
type xtTable struct {
	chains  []string // declarations
	foreign map[string]bool
}

func (d *xtDump) read() error {
	family := byte(unix.NFPROTO_IPV4)
	if d.six {
		family = unix.NFPROTO_IPV6
	}
	var order []string
	tables := map[string]*xtTable{}
	err := d.reader.dump(unix.NFT_MSG_GETTABLE, unix.NFT_MSG_NEWTABLE, family, nil, func(f byte, a attrs) {
		if name := a.text(unix.NFTA_TABLE_NAME); f == family && xtBases[name] != nil {
			order, tables[name] = append(order, name), &xtTable{foreign: map[string]bool{}}
		}
	})
	if err != nil {
		return err
	}
	err = d.reader.dump(unix.NFT_MSG_GETCHAIN, unix.NFT_MSG_NEWCHAIN, family, nil, func(f byte, a attrs) {
		if t := tables[a.text(unix.NFTA_CHAIN_TABLE)]; f == family && t != nil {
			t.declare(a)
		}
	})
	if err != nil {
		return err
	}
	d.reader.out.line(xtHeading(d.program, "nf_tables"))
	for _, name := range order {
		if err := d.table(family, name, tables[name]); err != nil {
			return err
		}
	}
	return nil
}

// declare takes a chain, unless it is a base chain that iptables-nft would not have made.
func (t *xtTable) declare(a attrs) {
	name, policy := a.text(unix.NFTA_CHAIN_NAME), "-"
	if a.has(unix.NFTA_CHAIN_HOOK) {
		hook := a.nested(unix.NFTA_CHAIN_HOOK)
		priority, known := xtBases[a.text(unix.NFTA_CHAIN_TABLE)][name]
		if !known || strings.ToUpper(nftHooks.of(hook.big(unix.NFTA_HOOK_HOOKNUM))) != name || int32(uint32(hook.big(unix.NFTA_HOOK_PRIORITY))) != priority {
			t.foreign[name] = true
			return
		}
		policy = strings.ToUpper(nftVerdicts.of(a.big(unix.NFTA_CHAIN_POLICY)))
	}
	counters := a.nested(unix.NFTA_CHAIN_COUNTERS)
	t.chains = append(t.chains, fmt.Sprintf(":%s %s [%d:%d]\n", xtWord(name), policy, counters.big(unix.NFTA_COUNTER_PACKETS), counters.big(unix.NFTA_COUNTER_BYTES)))
}

// table reads the rules of one table. Old kernels answer with those of all tables. The notes about what nft made are
// those of iptables-nft-save, which leaves out the whole table where a rule has no words.
func (d *xtDump) table(family byte, name string, t *xtTable) error {
	out := d.reader.out
	if len(t.foreign) > 0 {
		out.line(fmt.Sprintf("# Table `%s' contains incompatible base-chains, use 'nft' tool to list them.\n", name))
	}
	out.line("*" + name + "\n")
	for _, c := range t.chains {
		out.line(c)
	}
	d.beyond = false
	which := attribute(unix.NFTA_RULE_TABLE, append([]byte(name), 0))
	err := d.reader.dump(unix.NFT_MSG_GETRULE, unix.NFT_MSG_NEWRULE, family, which, func(f byte, a attrs) {
		if f == family && a.text(unix.NFTA_RULE_TABLE) == name && !t.foreign[a.text(unix.NFTA_RULE_CHAIN)] {
			out.line(d.rule(a))
		}
	})
	if err != nil {
		return err
	}
	if d.beyond {
		out.line(fmt.Sprintf("# Table `%s' is incompatible, use 'nft' tool.\n", name))
	}
	if !out.full {
		out.line("COMMIT\n")
	}
	return nil
}
