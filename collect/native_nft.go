//go:build linux

package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Parts of linux/netfilter/nf_tables.h that x/sys/unix lacks.
const (
	nftMsgNewFlowtable = 22
	nftMsgGetFlowtable = 23
)

// nftLimit is how much of a ruleset is held until it is known that it stood still: what the artifact may have.
const nftLimit = 32 * mib

// nftObject is a JSON object of libnftables-json(5).
type nftObject = map[string]any

// nftSpool holds lines in pieces, which need not be copied when it grows.
type nftSpool struct {
	pieces []*bytes.Buffer
	size   int
	lines  int
	full   bool
}

// piece is where the next line goes.
func (s *nftSpool) piece() *bytes.Buffer {
	const piece = 64 * kib
	if len(s.pieces) == 0 || s.pieces[len(s.pieces)-1].Len() > piece {
		s.pieces = append(s.pieces, bytes.NewBuffer(make([]byte, 0, piece+piece/8)))
	}
	return s.pieces[len(s.pieces)-1]
}

// grown notes what was written.
func (s *nftSpool) grown(n int) {
	s.lines++
	s.size += n
	s.full = s.size > nftLimit
}

// line appends a line of text.
func (s *nftSpool) line(text string) {
	if !s.full {
		s.piece().WriteString(text)
		s.grown(len(text))
	}
}

// add appends one object as a line of a list in JSON.
func (s *nftSpool) add(kind string, o nftObject) {
	if s.full {
		return
	}
	b := s.piece()
	before := b.Len()
	if s.lines > 0 {
		b.WriteByte(',')
	}
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if enc.Encode(nftObject{kind: o}) != nil { // never: there are only texts, numbers, lists and objects
		b.Truncate(before)
		return
	}
	s.grown(b.Len() - before)
}

// nativeNft prints what "nft -j list ruleset" prints, one object to a line. It is called only where nf_tables is there
// already, and so nfnetlink, which it builds on.
func nativeNft(ctx context.Context, h *host, k *sink) error {
	out, stable, err := nftStable(func(out *nftSpool) (torn bool, err error) {
		r := nftReader{ctx: ctx, host: h, out: out, sets: map[nftName]*nftSet{}}
		return r.read()
	})
	if err != nil {
		return err
	}
	if err := out.copyTo(k); err != nil {
		return err
	}
	return out.missing(stable)
}

// nftStable reads until the ruleset stood still meanwhile, a few times at most, and returns what the last try read.
func nftStable(read func(*nftSpool) (torn bool, err error)) (out *nftSpool, stable bool, err error) {
	for try := 0; try < netlinkTries && !stable; try++ {
		before, err := nftGeneration()
		if err != nil {
			return nil, false, err
		}
		out = &nftSpool{}
		torn, err := read(out)
		if err != nil {
			return nil, false, err
		}
		after, err := nftGeneration()
		if err != nil {
			return nil, false, err
		}
		stable = !torn && bytes.Equal(before, after)
	}
	return out, stable, nil
}

// missing says why the lines may not be all: there are too many, or the ruleset did not stand still.
func (s *nftSpool) missing(stable bool) error {
	switch {
	case s.full:
		return partly([]error{fmt.Errorf("more than %d MiB", nftLimit/mib)})
	case !stable:
		return partly([]error{fmt.Errorf("the ruleset changed during each of %d dumps; objects may be missing or outdated", netlinkTries)})
	}
	return nil
}

// copyTo writes the objects as a whole of JSON.
func (s *nftSpool) copyTo(k *sink) error {
	if _, err := fmt.Fprintln(k, `{"nftables": [`); err != nil {
		return err
	}
	if err := s.copyPieces(k); err != nil {
		return err
	}
	_, err := fmt.Fprintln(k, `]}`)
	return err
}

func (s *nftSpool) copyPieces(k *sink) error {
	for _, b := range s.pieces {
		if _, err := k.Write(b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// nftGeneration is the number of the ruleset, which every change of it raises.
func nftGeneration() ([]byte, error) {
	req := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_GETGEN, 0)
	req.AddRawData(make([]byte, 4))
	messages, err := req.Execute(unix.NETLINK_NETFILTER, unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_NEWGEN)
	if err != nil {
		return nil, fmt.Errorf("ask for the generation of the ruleset: %w", err)
	}
	if len(messages) == 0 {
		return nil, errors.New("ask for the generation of the ruleset: no answer")
	}
	return bytes.Clone(parseAttrs(messages[0], 4)[unix.NFTA_GEN_ID]), nil
}

// nftName names a set.
type nftName struct {
	family      byte
	table, name string
}

// nftReader reads the ruleset once.
type nftReader struct {
	ctx   context.Context
	host  *host
	out   *nftSpool
	sets  map[nftName]*nftSet
	links numberNames // devices by index
	torn  bool
}

// read dumps everything, in the order in which nft prints it: tables, what they hold, rules.
func (r *nftReader) read() (torn bool, err error) {
	r.links = nftDevices()
	r.out.add("metainfo", nftObject{"json_schema_version": 1})
	for _, part := range []struct {
		request, reply int
		optional       bool // older kernels know no such request
		read           func(family byte, a attrs)
	}{
		{unix.NFT_MSG_GETTABLE, unix.NFT_MSG_NEWTABLE, false, func(f byte, a attrs) { r.out.add("table", nftTable(f, a)) }},
		{unix.NFT_MSG_GETOBJ, unix.NFT_MSG_NEWOBJ, true, func(f byte, a attrs) { r.out.add(nftNamedObject(f, a)) }},
		{nftMsgGetFlowtable, nftMsgNewFlowtable, true, func(f byte, a attrs) { r.out.add("flowtable", nftFlowtable(f, a)) }},
		{unix.NFT_MSG_GETCHAIN, unix.NFT_MSG_NEWCHAIN, false, func(f byte, a attrs) { r.out.add("chain", nftChain(f, a)) }},
	} {
		if err := r.dump(part.request, part.reply, unix.AF_UNSPEC, nil, part.read); err != nil && !part.optional {
			return false, err
		}
	}
	if err := r.readSets(); err != nil {
		return false, err
	}
	err = r.dump(unix.NFT_MSG_GETRULE, unix.NFT_MSG_NEWRULE, unix.AF_UNSPEC, nil, func(f byte, a attrs) { r.out.add("rule", r.rule(f, a)) })
	return r.torn, err
}

// readSets reads the sets and their elements. Anonymous ones are kept for the rules that use them.
func (r *nftReader) readSets() error {
	var sets []*nftSet
	err := r.dump(unix.NFT_MSG_GETSET, unix.NFT_MSG_NEWSET, unix.AF_UNSPEC, nil, func(f byte, a attrs) { sets = append(sets, newNftSet(f, a)) })
	if err != nil {
		return err
	}
	for _, s := range sets {
		which := append(attribute(unix.NFTA_SET_ELEM_LIST_TABLE, append([]byte(s.table), 0)), attribute(unix.NFTA_SET_ELEM_LIST_SET, append([]byte(s.name), 0))...)
		var elements []attrs
		err := r.dump(unix.NFT_MSG_GETSETELEM, unix.NFT_MSG_NEWSETELEM, s.family, which, func(_ byte, a attrs) {
			eachAttr(a[unix.NFTA_SET_ELEM_LIST_ELEMENTS], 0, func(_ uint16, b []byte) { elements = append(elements, parseAttrs(bytes.Clone(b), 0)) })
		})
		if errors.Is(err, unix.ENOENT) { // it went away meanwhile
			r.torn = true
			continue
		}
		if err != nil {
			return err
		}
		s.elements = r.elements(s, elements)
		r.sets[nftName{s.family, s.table, s.name}] = s
		if !s.anonymous() {
			r.out.add(s.object())
			s.elements = nil
		}
	}
	return nil
}

// dump asks for all objects of a kind and hands them over one by one, so that a large table is not held twice.
func (r *nftReader) dump(request, reply int, family byte, which []byte, read func(family byte, a attrs)) error {
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	req := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|request, unix.NLM_F_DUMP)
	req.AddRawData(append([]byte{family, unix.NFNETLINK_V0, 0, 0}, which...))
	err := req.ExecuteIter(unix.NETLINK_NETFILTER, uint16(unix.NFNL_SUBSYS_NFTABLES<<8|reply), func(m []byte) bool {
		if len(m) >= 4 {
			read(m[0], parseAttrs(m, 4))
		}
		return !r.out.full && r.ctx.Err() == nil
	})
	if errors.Is(err, nl.ErrDumpInterrupted) {
		r.torn, err = true, nil
	}
	if err != nil {
		return fmt.Errorf("nf_tables request %d: %w", request, err)
	}
	return nil
}

// big is an integer in network byte order, of whatever width; 0 when there is none.
func (a attrs) big(kind uint16) uint64 { return nftBig(a[kind]) }

func nftBig(b []byte) (n uint64) {
	for _, c := range b[max(0, len(b)-8):] {
		n = n<<8 | uint64(c)
	}
	return n
}

// nested are the attributes inside an attribute.
func (a attrs) nested(kind uint16) attrs { return parseAttrs(a[kind], 0) }

// nftDevices are the network devices by index; empty when they cannot be listed.
func nftDevices() numberNames {
	names := numberNames{}
	all, err := readDevices()
	if err != nil {
		return names
	}
	for _, d := range all {
		names[uint64(d.index)] = d.name
	}
	return names
}
