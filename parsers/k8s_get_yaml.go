package parsers

import (
	"bytes"
)

// yaml reads the YAML document on lines first to last. Lists are cut into their items at the dashes, so that one
// object at a time is in memory, one broken item costs only itself, and a file that was cut off keeps its head.
func (e *k8sEmitter) yaml(first, last int) {
	if e.in.Text.Line(first)[0] == '-' { // "kubectl get -o yaml | yq .items"
		e.yamlItems(first, last, "List")
		return
	}
	items, end, kind := e.yamlList(first, last)
	if items == 0 {
		e.yamlSingle(first, last)
		return
	}
	if kind != "" {
		e.objects++
	} else {
		// kubectl writes the list's kind after the items: without it the text was cut, maybe inside the last item.
		e.problem = errK8sCut
	}
	e.yamlFrame(first, items)
	if end < last {
		e.yamlFrame(end+1, last)
	}
	e.yamlItems(items+1, end, kind)
}

// yamlList finds a list's frame: the line of "items:" (0 when it is no list), the last line of the items, and the
// list's kind.
func (e *k8sEmitter) yamlList(first, last int) (items, end int, kind string) {
	end = last
	for n := first; n <= last; n++ {
		line := e.in.Text.Line(n)
		if len(line) == 0 || line[0]|0x20 < 'a' || line[0]|0x20 > 'z' {
			continue // only a key can end the items
		}
		if items > 0 && end == last {
			end = n - 1
		}
		if m := k8sListKind.FindSubmatch(line); m != nil {
			kind = string(m[1])
		}
		if items == 0 && string(bytes.TrimRight(line, " ")) == "items:" {
			items = n
		}
	}
	return items, end, kind
}

// yamlFrame skips the lines around a list's items, when they are YAML.
func (e *k8sEmitter) yamlFrame(first, last int) {
	if _, err := k8sYAML(e.in, first, last); err == nil {
		e.in.Skip(first, last)
	}
}

func (e *k8sEmitter) yamlItems(first, last int, kind string) {
	indent, start, index := -1, 0, 0
	item := func(end int, cut bool) {
		if start == 0 {
			return
		}
		e.yamlItem(start, end, index, kind, cut)
		index++
	}
	for n := first; n <= last; n++ {
		line := e.in.Text.Line(n)
		dash := len(line) - len(bytes.TrimLeft(line, " "))
		if dash >= len(line) || line[dash] != '-' || indent >= 0 && dash != indent {
			continue
		}
		item(n-1, false)
		start, indent = n, dash
	}
	item(last, kind == "")
}

// yamlItem reads one item. The last item of a list that was cut off is left out and counts as unrecognised: half a
// pod has no status and half a service no endpoints, and neither is true.
func (e *k8sEmitter) yamlItem(first, last, index int, kind string, cut bool) {
	if cut {
		return
	}
	v, err := k8sYAML(e.in, first, last)
	if err != nil || v.typ != k8sList || len(v.kids) != 1 {
		e.problem = err
		return
	}
	root := &k8sVal{typ: k8sMap}
	v.key = "items"
	root.add(v)
	v.kids[0].index = index
	if e.object(v.kids[0], e.listKind(kind)) {
		e.in.Skip(first, last)
	}
}

// yamlSingle reads a document that is one object. When it does not parse, its last lines are taken off step by step:
// a file that was cut in the middle of a line keeps what came before.
func (e *k8sEmitter) yamlSingle(first, last int) {
	for _, cut := range [...]int{0, 1, 2, 3, 5, 8, 13, 21, 34, 55} {
		if last-cut < first {
			return
		}
		v, err := k8sYAML(e.in, first, last-cut)
		if err != nil {
			e.problem = err
			continue
		}
		if e.object(v, "") {
			e.in.Skip(first, last-cut)
		}
		return
	}
}
