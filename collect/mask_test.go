package collect

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"
)

// The fixtures hold the word HUSH wherever a value must not survive.
const hushMark = "HUSH"

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return string(text)
}

// edited runs text through an editor and the redactor, in chunks that ignore line ends.
func edited(t *testing.T, text string, editor lineEditor) string {
	t.Helper()
	var out bytes.Buffer
	second := &lineWriter{editor: &redactor{}, w: &out}
	first := &lineWriter{editor: editor, w: second}
	for rest := text; rest != ""; {
		n := min(1013, len(rest))
		_, err := first.Write([]byte(rest[:n]))
		require.NoError(t, err)
		rest = rest[n:]
	}
	require.NoError(t, first.flush())
	require.NoError(t, second.flush())
	return out.String()
}

// maskTree does on decoded YAML what the podMasker does on its lines: the two must agree.
func maskTree(v any, inEnv bool) any {
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			switch {
			case key == lastApplied || inEnv && key == "value":
				v[key] = masked
			default:
				v[key] = maskTree(child, key == "env" || key == "httpHeaders")
			}
		}
	case []any:
		for i, child := range v {
			v[i] = maskTree(child, inEnv)
		}
	case string:
		return strings.ReplaceAll(v, "--token=HUSH-arg", "--token="+redacted)
	}
	return v
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var v any
	require.NoError(t, yaml.Unmarshal([]byte(text), &v), text)
	return v
}

func TestPodYAMLIsMaskedAndNothingElseChanges(t *testing.T) {
	for _, name := range []string{"pods.yaml", "daemonsets.yaml"} {
		text := read(t, name)
		require.Contains(t, text, hushMark)
		out := edited(t, text, newPodMasker())
		require.NotContains(t, out, hushMark)
		require.Equal(t, maskTree(decode(t, text), false), decode(t, out))
	}
}

func TestPodYAMLKeepsReferencesAndLookalikes(t *testing.T) {
	out := edited(t, read(t, "pods.yaml"), newPodMasker())
	for _, kept := range []string{"value: kept-arg", "value: kept-toleration", "note: 'env: value: kept'", "name: FROM_SECRET", "key: password", "mountPath: /value"} {
		require.Contains(t, out, kept)
	}
}

func TestPodYAMLWithAnyValueIsMasked(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	alphabet := []string{"HUSH", "\n", " ", "  ", "- ", "value: ", "env:", "\t", "'", `"`, "|", ">", "#", "\r\n", "é", "\u2028", "\u2029", "\u0085", "{", "}", strings.Repeat("word ", 30)}
	for range 1500 {
		var value strings.Builder
		for range 1 + random.Intn(8) {
			value.WriteString(alphabet[random.Intn(len(alphabet))])
		}
		value.WriteString(hushMark)
		pod := map[string]any{"items": []any{map[string]any{"spec": map[string]any{
			"containers": []any{map[string]any{"env": []any{map[string]any{"name": "A", "value": value.String()}, map[string]any{"name": "B", "value": hushMark}}, "image": "x", "name": "value"}},
			"nodeName":   "kept",
		}}}}
		text, err := sigsyaml.Marshal(pod)
		require.NoError(t, err)
		out := edited(t, string(text), newPodMasker())
		require.NotContains(t, out, hushMark, "%s", text)
		require.Equal(t, maskTree(decode(t, string(text)), false), decode(t, out), "%s", text)
	}
}

func TestVeryLongValueIsMaskedWhole(t *testing.T) {
	text := fmt.Sprintf("env:\n- name: A\n  value: %s\n- name: B\n", strings.Repeat("HUSHx", maxLine/3))
	require.Equal(t, "env:\n- name: A\n  value: '[masked]'\n- name: B\n", edited(t, text, newPodMasker()))
}

func TestDescribeIsMaskedAndNothingElseChanges(t *testing.T) {
	text := read(t, "describe-pods.txt")
	require.Contains(t, text, hushMark)
	out := edited(t, text, newDescribeMasker())
	require.NotContains(t, out, hushMark)
	for _, kept := range []string{
		"      PLAIN:        [masked]\n", "      NOVALUE:      \n",
		"      FROM_SECRET:  <set to the key 'password' in secret 'db'>    Optional: true\n", "POD_IP:        (v1:status.podIP)",
		"      web-env  Secret     Optional: false\n", "LIMIT:        node allocatable (limits.memory)", "    Environment:  <none>\n",
	} {
		require.Contains(t, out, kept)
	}
	before, _, _ := strings.Cut(text, "    Environment:\n")
	require.True(t, strings.HasPrefix(out, before))
	_, after, _ := strings.Cut(text, "      value:        HUSH-named-value\n")
	_, got, _ := strings.Cut(out, "      value:        [masked]\n")
	require.Equal(t, after, got)
}

func TestConfigMapLinesThatSpeakOfSecretsAreMasked(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, maskConfigMaps(&out, []byte(read(t, "configmaps.yaml"))))
	require.NotContains(t, out.String(), hushMark)
	data := decode(t, out.String()).(map[string]any)["data"].(map[string]any)
	require.Equal(t, "1440", data["veth_mtu"])
	require.Equal(t, "plain: kept \nadmin-password = \"[masked]\"\nlevel: info\n", data["settings"])
	require.Contains(t, data["cni_network_config"], `"etcd_key_file": "/etc/calico/key.pem",`)
	require.Contains(t, data["cni_network_config"], `"k8s_auth_token": "[masked]",`)
}

func TestConfigMapsThatAreNoYAMLAreNotPassedOn(t *testing.T) {
	var out bytes.Buffer
	require.Error(t, maskConfigMaps(&out, []byte("data: {a: [b\npassword: HUSH")))
	require.Empty(t, out.String())
}

func TestWordsBehindSecretOptionsAreMasked(t *testing.T) {
	for text, want := range map[string]string{
		"  - --db-password\n  - geheim\n  - --next\n":                     "  - --db-password\n  - '[redacted]'\n  - --next\n",
		"- args:\n  - -api-key\n  - |-\n    geheim\n    geheim\n- x: y\n": "- args:\n  - -api-key\n  - '[redacted]'\n- x: y\n",
		"    Args:\n      --token\n      geheim\n      plain\n":           "    Args:\n      --token\n      [redacted]\n      plain\n",
		"  - --token\n  - --other\n  - word\n":                            "  - --token\n  - --other\n  - word\n",
		"  - --token\n  image: x\n":                                       "  - --token\n  image: x\n",
		"  - --client-secret\n  - /etc/secret\n":                          "  - --client-secret\n  - /etc/secret\n",
		"  - --token-file\n  - name\n":                                    "  - --token-file\n  - name\n",
	} {
		var out bytes.Buffer
		w := lineWriter{editor: newArgMasker(), w: &out}
		_, err := w.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, w.flush())
		require.Equal(t, want, out.String())
	}
}
