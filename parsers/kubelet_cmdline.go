package parsers

import (
	"path"
	"strings"

	"coldcase/fact"
)

var _ = register(Parser{
	Name:      "kubelet-cmdline",
	Doc:       "the kubelet's command line: /proc/PID/cmdline, ps, a systemd unit or its environment file (kubelet --help)",
	Artifacts: []string{"node/kubelet-cmdline"},
	Facts:     []fact.Value{KubeletSetting{}},
	Parse:     parseKubeletCmdline,
})

func parseKubeletCmdline(in *Input) error {
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		last := n
		for strings.HasSuffix(line, `\`) { // a unit file goes on in the next line
			next, more, ok := in.Scan()
			if !ok {
				break
			}
			line, last = strings.TrimSuffix(line, `\`)+" "+more, next
		}
		words := kubeletWords(line)
		in.Skip(n, last) // lines about other programs are understood: they are of no concern here
		for _, s := range kubeletFlags(kubeletArgs(words)) {
			in.Emit(n, last, s)
		}
	}
	return nil
}

// kubeletWords splits like a shell, with both kinds of quotes, and at the NUL bytes of /proc/PID/cmdline.
func kubeletWords(line string) []string {
	var words []string
	var word strings.Builder
	quote, open := rune(0), false
	flush := func() {
		if open {
			words = append(words, word.String())
		}
		word.Reset()
		open = false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, open = r, true
		case r == ' ' || r == '\t' || r == 0:
			flush()
		default:
			word.WriteRune(r)
			open = true
		}
	}
	flush()
	return words
}

// kubeletArgs returns what follows the kubelet's name: in a plain command line, in a row of ps, in "ExecStart=". It also
// reads KUBELET_KUBEADM_ARGS="..." and a line that is nothing but flags. Words of another program, such as
// "journalctl -u kubelet" or "grep kubelet", are not the kubelet's.
func kubeletArgs(words []string) []string {
	if len(words) == 0 {
		return nil
	}
	name, value, _ := strings.Cut(strings.TrimPrefix(words[0], "Environment="), "=")
	if strings.HasPrefix(name, "KUBELET_") {
		return append(kubeletWords(value), words[1:]...)
	}
	if strings.HasPrefix(words[0], "--") {
		return words
	}
	for i, w := range words {
		if len(w) > 1 && w[0] == '-' {
			return nil // an option of another program
		}
		w = strings.TrimPrefix(w, "ExecStart=")
		if path.Base(w) == "kubelet" {
			return words[i+1:]
		}
	}
	return nil
}

// kubeletFlags reads "--name=value", "--name value" and "--name" as kubelet's flag library does.
func kubeletFlags(args []string) []KubeletSetting {
	var out []KubeletSetting
	for i := 0; i < len(args); i++ {
		if len(args[i]) < 2 || args[i][0] != '-' {
			continue
		}
		name, value, has := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !has && !kubeletBoolean[name] && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			i++
			value, has = args[i], true
		}
		if !has {
			value = "true"
		}
		if name != "" {
			out = append(out, kubeletFlag(name, value)...)
		}
	}
	return out
}

// kubeletFlag turns a flag into the settings that it stands for.
func kubeletFlag(name, value string) []KubeletSetting {
	key, known := kubeletFields[name]
	if !known {
		return []KubeletSetting{{Key: name, Value: value, From: "flag"}}
	}
	sep := kubeletPairs[name]
	if sep == "" && !kubeletLists[name] || value == "" {
		return []KubeletSetting{{Key: key, Value: value, From: "flag"}}
	}
	var out []KubeletSetting
	for _, item := range strings.Split(value, ",") {
		s := KubeletSetting{Key: key, Value: strings.TrimSpace(item), From: "flag"}
		if k, v, ok := strings.Cut(s.Value, sep); sep != "" && ok {
			s.Key, s.Value = key+"."+strings.TrimSpace(k), strings.TrimSpace(v)
		}
		out = append(out, s)
	}
	return out
}
