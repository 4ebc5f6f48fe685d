package parsers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Bounds of what is kept of a rule.
const (
	nftMatchesLimit = 512 // bytes
	nftJumpsLimit   = 256
	nftDepth        = 12 // of expressions within expressions
)

// nftRule reads a rule's statements.
func nftRule(o nftJSONObject) NftRule {
	r := NftRule{Family: o.Family, Table: o.Table, Chain: o.Chain, Handle: o.Handle, Comment: o.Comment, Jumps: []string{}, Packets: -1, Bytes: -1}
	var matches []string
	size := 0
	for _, raw := range o.Expr {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		var statement map[string]any
		if dec.Decode(&statement) != nil || len(statement) != 1 {
			continue
		}
		for name, details := range statement {
			if text := r.statement(name, details); text != "" && size <= nftMatchesLimit {
				matches = append(matches, text)
				size += len(text) + 1
			}
		}
	}
	r.Matches = strings.Join(matches, " ")
	if len(r.Matches) > nftMatchesLimit {
		r.Matches = strings.ToValidUTF8(r.Matches[:nftMatchesLimit-len("...")], "") + "..."
	}
	return r
}

// statement takes one statement: what becomes of the packet goes into the rule, everything else is returned as text.
func (r *NftRule) statement(name string, details any) string {
	fields, _ := details.(map[string]any)
	switch name {
	case "counter":
		if fields["packets"] != nil {
			r.Packets, r.Bytes = netInt(nftText(fields["packets"])), netInt(nftText(fields["bytes"]))
		}
	case "accept", "drop", "return", "continue", "queue":
		r.Verdict = name
	case "jump", "goto":
		r.Verdict, r.Target = name, nftText(fields["target"])
		r.jump(r.Target)
	case "vmap":
		r.Verdict = name
		if data, ok := fields["data"].(string); ok {
			r.Target = data
		}
		r.jumpsOf(fields["data"])
		return nftText(fields["key"]) + " vmap " + nftText(fields["data"])
	case "reject":
		r.Verdict, r.Target = name, strings.TrimSpace(nftText(fields["type"])+" "+nftText(fields["expr"]))
	case "snat", "dnat", "masquerade", "redirect", "tproxy":
		r.Verdict, r.Target = name, nftText(fields["addr"])
		if port := fields["port"]; port != nil {
			r.Target += ":" + nftText(port)
		}
	case "xt":
		if nftText(fields["type"]) != "target" {
			return strings.TrimSpace("xt " + nftText(fields["name"]))
		}
		r.Verdict, r.Target = name, nftText(fields["name"])
	case "match":
		op := nftText(fields["op"])
		if op == "==" || op == "in" {
			return nftText(fields["left"]) + " " + nftText(fields["right"])
		}
		return nftText(fields["left"]) + " " + op + " " + nftText(fields["right"])
	case "mangle":
		return nftText(fields["key"]) + " set " + nftText(fields["value"])
	default:
		return nftStatementText(name, details, fields)
	}
	return ""
}

// nftStatementText prints what a rule does besides deciding.
func nftStatementText(name string, details any, fields map[string]any) string {
	over := ""
	if fields["inv"] == true {
		over = "over "
	}
	switch {
	case fields == nil:
		return strings.TrimSpace(name + " " + nftText(details))
	case name == "limit":
		unit := ""
		if u := nftText(fields["rate_unit"]); u != "" && u != "packets" {
			unit = " " + u
		}
		return fmt.Sprintf("limit rate %s%s%s/%s", over, nftText(fields["rate"]), unit, nftText(fields["per"]))
	case name == "ct count":
		return name + " " + over + nftText(fields["val"])
	case name == "set" || name == "map":
		return fmt.Sprintf("%s %s { %s }", nftText(fields["op"]), nftText(fields[name]), nftText(fields["elem"]))
	}
	return strings.TrimSpace(name + " " + nftFields(fields, nftDepth))
}

func (r *NftRule) jump(chain string) {
	if chain != "" && len(r.Jumps) < nftJumpsLimit && !slices.Contains(r.Jumps, chain) {
		r.Jumps = append(r.Jumps, chain)
	}
}

// jumpsOf collects the chains that the map {"set": [[key, {"goto": {"target": "chain"}}], ...]} leads to, sorted.
func (r *NftRule) jumpsOf(data any) {
	set, _ := data.(map[string]any)
	elements, _ := set["set"].([]any)
	for _, e := range elements {
		pair, _ := e.([]any)
		if len(pair) != 2 {
			continue
		}
		verdict, _ := pair[1].(map[string]any)
		for _, name := range []string{"jump", "goto"} {
			if to, ok := verdict[name].(map[string]any); ok {
				r.jump(nftText(to["target"]))
			}
		}
	}
	sort.Strings(r.Jumps)
}

// nftText prints an expression about as nft does.
func nftText(v any) string { return nftTextWithin(v, nftDepth) }

func nftTextWithin(v any, depth int) string {
	if depth == 0 {
		return "..."
	}
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		return map[bool]string{false: "missing", true: "exists"}[v]
	case []any:
		return strings.Join(nftTexts(v, depth), ",")
	case map[string]any:
		if len(v) == 1 {
			for name, inner := range v {
				return nftExpression(name, inner, depth-1)
			}
		}
		return nftFields(v, depth-1)
	}
	return fmt.Sprint(v)
}

func nftTexts(all []any, depth int) []string {
	const shown = 64 // a rule's text is short; sets may have thousands
	texts := make([]string, 0, min(len(all), shown+1))
	for i, v := range all {
		if i == shown {
			texts = append(texts, "...")
			break
		}
		texts = append(texts, nftTextWithin(v, depth-1))
	}
	return texts
}

func nftExpression(name string, inner any, depth int) string {
	fields, _ := inner.(map[string]any)
	list, _ := inner.([]any)
	text := func(key string) string { return nftTextWithin(fields[key], depth) }
	switch name {
	case "payload":
		if fields["protocol"] == nil {
			return fmt.Sprintf("@%s,%s,%s", text("base"), text("offset"), text("len"))
		}
		return text("protocol") + " " + text("field")
	case "meta":
		if key := text("key"); strings.HasPrefix(key, "iif") || strings.HasPrefix(key, "oif") {
			return key
		}
		return "meta " + text("key")
	case "ct", "rt", "socket":
		return strings.Join(strings.Fields(name+" "+text("dir")+" "+text("family")+" "+text("key")), " ")
	case "fib":
		flags, _ := fields["flags"].([]any)
		if one, ok := fields["flags"].(string); ok {
			flags = []any{one}
		}
		return "fib " + strings.Join(nftTexts(flags, depth), " . ") + " " + text("result")
	case "prefix":
		return text("addr") + "/" + text("len")
	case "range":
		return strings.Join(nftTexts(list, depth), "-")
	case "concat":
		return strings.Join(nftTexts(list, depth), " . ")
	case "set":
		if list == nil {
			return nftTextWithin(inner, depth)
		}
		return nftSetText(list, depth)
	case "&", "|", "^", "<<", ">>":
		return "(" + strings.Join(nftTexts(list, depth), " "+name+" ") + ")"
	case "map":
		return text("key") + " map " + text("data")
	case "elem":
		return text("val")
	case "jump", "goto":
		return name + " " + text("target")
	case "numgen":
		return "numgen " + text("mode") + " mod " + text("mod")
	case "jhash":
		return "jhash " + text("expr") + " mod " + text("mod")
	}
	return strings.TrimSpace(name + " " + nftTextWithin(inner, depth))
}

// nftSetText prints the elements of a set within a rule, sorted: the kernel keeps them in no order.
func nftSetText(list []any, depth int) string {
	elements := make([]any, 0, len(list))
	for _, e := range list {
		if pair, ok := e.([]any); ok && len(pair) == 2 {
			e = nftTextWithin(pair[0], depth-1) + " : " + nftTextWithin(pair[1], depth-1)
		} else {
			e = nftTextWithin(e, depth-1)
		}
		elements = append(elements, e)
	}
	sort.Slice(elements, func(i, j int) bool { return fmt.Sprint(elements[i]) < fmt.Sprint(elements[j]) })
	return "{ " + strings.Join(nftTexts(elements, depth), ", ") + " }"
}

// nftFields prints the fields of an object of which no more is known, sorted.
func nftFields(fields map[string]any, depth int) string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		names[i] = strings.TrimSpace(name + " " + nftTextWithin(fields[name], depth))
	}
	return strings.Join(names, " ")
}
