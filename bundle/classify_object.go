package bundle

import (
	"encoding/json"
	"regexp"
	"strings"
)

var (
	yamlKind     = regexp.MustCompile(`(?m)^kind: *"?(\w+)"?\s*$`)
	yamlItemKind = regexp.MustCompile(`(?m)^(?:  |- )kind: *"?(\w+)"?\s*$`)
	yamlTop      = regexp.MustCompile(`(?m)^(?:apiVersion|kind): *\S+`)
	yamlVersion  = regexp.MustCompile(`(?m)^(?:clientVersion|serverVersion):|^(?:Server|Client) Version: `)
)

// objectByContent recognises Kubernetes objects in YAML and JSON.
func objectByContent(text string) string {
	trimmed := strings.TrimLeft(text, " \t\r\n")
	if strings.HasPrefix(trimmed, "{") {
		return jsonObject(trimmed)
	}
	head := text[:min(len(text), 4<<10)]
	if yamlVersion.MatchString(head) {
		return "cluster/version"
	}
	// A describe text may contain these words further down, never at the beginning of its first lines.
	if !yamlTop.MatchString(head) {
		return ""
	}
	top := ""
	if m := yamlKind.FindStringSubmatch(text); m != nil {
		top = m[1]
	}
	if !strings.Contains(text, "\nitems:") && !strings.HasPrefix(text, "items:") {
		if strings.Count(text, "\n---") > 0 && len(yamlKind.FindAllStringIndex(text, 2)) > 1 {
			return "cluster/object"
		}
		return singleObject(top)
	}
	var kinds []string
	for _, m := range yamlItemKind.FindAllStringSubmatch(text, -1) {
		kinds = append(kinds, m[1])
	}
	return listOf(top, kinds)
}

func singleObject(kind string) string {
	switch {
	case kind == "":
		return ""
	case kind == "KubeletConfiguration":
		return "node/kubelet-config"
	case strings.HasSuffix(kind, "List"):
		return listOf(kind, nil)
	}
	return "cluster/object"
}

// listOf names the resource of a list by its items, else by its own kind. Mixed ones, and kinds without an artifact
// of their own, are objects.
func listOf(top string, kinds []string) string {
	for _, k := range kinds {
		if k != kinds[0] {
			return "cluster/object"
		}
	}
	kind := strings.TrimSuffix(top, "List")
	if len(kinds) > 0 {
		kind = kinds[0]
	}
	if r := resources[strings.ToLower(kind)]; r != "" {
		return "cluster/" + r
	}
	return "cluster/object"
}

// emptyList reports whether a List has no items by which to know it.
func emptyList(head []byte) bool {
	text := strings.Join(strings.Fields(string(head[:min(len(head), 1<<10)])), "")
	return strings.Contains(text, `"items":[]`) || strings.Contains(text, "items:[]")
}

// jsonObject walks the head of a JSON document, which usually breaks off.
func jsonObject(text string) string {
	d := json.NewDecoder(strings.NewReader(text))
	var top, api string
	var kinds []string
	items := false
	var path []string // keys from the top; "" for an array
	key := ""
	isKey := []bool{}
	for range 200_000 {
		tok, err := d.Token()
		if err != nil {
			break
		}
		switch v := tok.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				path = append(path, key)
				isKey = append(isKey, v == '{')
				key = ""
				items = items || len(path) == 2 && path[1] == "items" && v == '['
				continue
			}
			if len(path) > 0 {
				path, isKey = path[:len(path)-1], isKey[:len(isKey)-1]
			}
			key = ""
			continue
		case string:
			if len(isKey) > 0 && isKey[len(isKey)-1] && key == "" {
				key = v
				if len(path) == 1 && (key == "serverVersion" || key == "clientVersion") {
					return "cluster/version"
				}
				continue
			}
			switch {
			case key == "kind" && len(path) == 1:
				top = v
			case key == "apiVersion" && len(path) == 1:
				api = v
			case key == "kind" && len(path) == 3 && path[1] == "items":
				kinds = append(kinds, v)
			}
		}
		key = ""
	}
	switch {
	case items && (api != "" || top != "" || len(kinds) > 0):
		return listOf(top, kinds)
	case api != "" || top == "KubeletConfiguration":
		if top == "" {
			return "cluster/object"
		}
		return singleObject(top)
	}
	return ""
}

var describeKey = regexp.MustCompile(`^([A-Z][\w -]*):(?:\s|$)`)

// describeByContent recognises `kubectl describe` by the keys at the beginning of its lines.
func describeByContent(lines []string) string {
	keys := map[string]int{}
	for _, l := range lines {
		if m := describeKey.FindStringSubmatch(l); m != nil {
			keys[m[1]]++
		}
	}
	if len(lines) == 0 || keys["Name"] == 0 || !strings.HasPrefix(lines[0], "Name:") {
		return ""
	}
	has := func(all ...string) bool {
		for _, k := range all {
			if keys[k] == 0 {
				return false
			}
		}
		return true
	}
	switch {
	case has("Roles", "CreationTimestamp"):
		return "cluster/describe-nodes"
	case has("Namespace", "Node") && (has("Containers") || has("IP") || has("Status")):
		if keys["Name"] > 1 {
			return "cluster/describe-pods"
		}
		return "cluster/describe-pod"
	case has("Namespace", "Selector", "Type"):
		return "cluster/describe-services"
	case has("Namespace", "Subsets"):
		return "cluster/describe-endpoints"
	case has("Namespace", "Rules"), has("Namespace", "Default backend"):
		return "cluster/describe-ingresses"
	}
	return ""
}
