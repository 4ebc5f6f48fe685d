package parsers

import "errors"

// json reads the JSON value that begins on line n and returns the line after it. Lists are read item by item, so that
// one object at a time is in memory and a file that was cut off keeps its head.
func (e *k8sEmitter) json(n int) int {
	text := e.in.Text.Bytes()
	start := len(text) - len(e.in.Text.Span(n, e.in.Text.Lines()))
	list := newK8sJSON(text, start, n)
	items, itemsLine, kind, err := list.frame()
	end := list.line
	if err != nil {
		e.problem, end = err, e.in.Text.Lines()
	}
	if items < 0 {
		e.jsonSingle(newK8sJSON(text, start, n))
		return end + 1
	}
	before := e.objects
	last := e.jsonItems(newK8sJSON(text, items, itemsLine), kind)
	if err == nil && kind != "" {
		e.objects++ // a whole list, be it empty
	}
	if e.objects > before {
		e.in.Skip(n, itemsLine)
		if err == nil {
			e.in.Skip(last, list.line)
		}
	}
	return end + 1
}

// frame steps over a whole document and finds the offset and line of its items (-1 when it is no list) and its kind.
func (j *k8sJSON) frame() (items, line int, kind string, err error) {
	items = -1
	switch j.peek() {
	case '[':
		items, line = j.off, j.line // "kubectl get -o json | jq .items"
		return items, line, "", j.skip()
	case '{':
		j.off++
	}
	for first := true; ; first = false {
		done, err := j.next(first, '}')
		if done || err != nil {
			return items, line, kind, err
		}
		key, err := j.keyText()
		if err != nil {
			return items, line, kind, err
		}
		if err := j.expect(':'); err != nil {
			return items, line, kind, err
		}
		c := j.peek()
		if key == "items" && c == '[' && items < 0 {
			items, line = j.off, j.line
		}
		if key == "kind" && c == '"' {
			if kind, err = j.str(); err != nil {
				return items, line, kind, err
			}
			continue
		}
		if err := j.skip(); err != nil {
			return items, line, kind, err
		}
	}
}

// jsonItems reads an array's items and returns the last line that it understood.
func (e *k8sEmitter) jsonItems(j *k8sJSON, kind string) int {
	root, list := &k8sVal{typ: k8sMap}, &k8sVal{typ: k8sList, key: "items"}
	root.add(list)
	last := j.line
	j.off++
	for index := 0; ; index++ {
		done, err := j.next(index == 0, ']')
		if done {
			return j.line
		}
		var item *k8sVal
		if err == nil {
			j.values = 0
			item, err = j.value(0)
		}
		if errors.Is(err, errK8sCut) || errors.Is(err, errK8sJSON) || errors.Is(err, errK8sLarge) {
			e.problem = err
			return last
		}
		item.parent, item.index = list, index
		if e.object(item, e.listKind(kind)) {
			e.in.Skip(item.first, item.last)
		}
		last = item.last
	}
}

// jsonSingle reads one object. What came before a cut is kept.
func (e *k8sEmitter) jsonSingle(j *k8sJSON) {
	v, err := j.value(0)
	if err != nil {
		e.problem = err
	}
	if v != nil && e.object(v, "") {
		e.in.Skip(v.first, v.last)
	}
}
