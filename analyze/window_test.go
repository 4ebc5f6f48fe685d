package analyze_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"coldcase/analyze"
	"coldcase/bundle"
)

// The node booted 1000 s before it was collected at 12:00, so these lines are of 11:43:30 and 11:58:20.
const (
	earlyOOM = "[   10.000000] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/system.slice/db.service,task=db,pid=77,uid=0\n" +
		"[   10.000100] Out of memory: Killed process 77 (db) total-vm:100kB, anon-rss:90kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:8kB oom_score_adj:0\n"
	lateLoop = "[  900.500000] Dead loop on virtual device tunl0, fix it urgently!\n"
)

func TestWindowMakesLeads(t *testing.T) {
	at := func(d time.Duration) time.Time { return collected.Add(d) }
	for name, c := range map[string]struct {
		window analyze.Window
		leads  map[string]string
	}{
		"none":                    {analyze.Window{}, map[string]string{}},
		"both inside":             {analyze.Window{Since: at(-time.Hour), Until: at(0)}, map[string]string{}},
		"ended before since":      {analyze.Window{Since: at(-10 * time.Minute)}, map[string]string{"system-oom": "last seen 6m30s before the time asked about"}},
		"began after until":       {analyze.Window{Until: at(-10 * time.Minute)}, map[string]string{"dead-loop-virtual-device": "began 8m21s after the time asked about"}},
		"long before an incident": {analyze.Window{Incident: at(31 * time.Minute)}, map[string]string{"system-oom": "last seen 47m30s before the incident", "dead-loop-virtual-device": "last seen 32m40s before the incident"}},
		"just before an incident": {analyze.Window{Incident: at(0)}, map[string]string{}},
		"after an incident":       {analyze.Window{Incident: at(-16 * time.Minute)}, map[string]string{"dead-loop-virtual-device": "began 14m21s after the incident"}},
	} {
		t.Run(name, func(t *testing.T) {
			data := nodeBundle(t, "node-a", artifact{"node/dmesg", "node/dmesg.txt", earlyOOM + lateLoop, bundle.StatusOK})
			r, err := bundle.Open([]string{"-"}, bundle.Options{Stdin: bytes.NewReader(data)})
			require.NoError(t, err)
			defer r.Close()
			res, err := analyze.Run(context.Background(), r, ours(t), analyze.Options{Tool: "test", Window: c.window})
			require.NoError(t, err)
			leads := map[string]string{}
			for i, f := range res.Findings {
				if f.Lead != "" {
					leads[f.Signature] = f.Lead
				}
				if f.Lead == "" && i > 0 {
					require.Empty(t, res.Findings[i-1].Lead, "a lead stands before %s", f.ID)
				}
			}
			require.Equal(t, c.leads, leads)
			require.Equal(t, c.window, res.Window)
		})
	}
}

// What a snapshot shows had not ended when the bundle was made, whatever the log's last line says.
func TestSnapshotIsNoLead(t *testing.T) {
	df := "Filesystem     1024-blocks     Used Available Capacity Mounted on\n/dev/sda1         41152832 41152832         0     100% /\n"
	event := `{"apiVersion":"v1","kind":"EventList","items":[{"apiVersion":"v1","kind":"Event","metadata":{"name":"p.1","namespace":"shop"},` +
		`"involvedObject":{"kind":"Pod","namespace":"shop","name":"p"},"reason":"FailedCreatePodSandBox","type":"Warning","source":{"component":"kubelet","host":"node-a"},` +
		`"message":"Failed create pod sandbox: rpc error: code = Unknown desc = failed to create a sandbox for pod \"p\": Error response from daemon: mkdir /var/lib/docker/overlay2/0123-init: no space left on device",` +
		`"firstTimestamp":"2026-03-01T08:00:00Z","lastTimestamp":"2026-03-01T08:05:00Z","count":3}]}`
	data := nodeBundle(t, "node-a", artifact{"node/df", "node/df.txt", df, bundle.StatusOK}, artifact{"cluster/events", "cluster/events.json", event, bundle.StatusOK})
	r, err := bundle.Open([]string{"-"}, bundle.Options{Stdin: bytes.NewReader(data)})
	require.NoError(t, err)
	defer r.Close()
	res, err := analyze.Run(context.Background(), r, ours(t), analyze.Options{Window: analyze.Window{Incident: collected}})
	require.NoError(t, err)
	require.NotEmpty(t, res.Findings)
	for _, f := range res.Findings {
		if f.Signature == "runtime-disk-full" {
			require.True(t, f.Lasting)
			require.Empty(t, f.Lead)
			return
		}
	}
	t.Fatal("runtime-disk-full did not match")
}

// TestLateCauseIsALead: what began after the time asked about explains nothing of it, though its symptom lasts.
func TestLateCauseIsALead(t *testing.T) {
	window := func(d time.Duration) map[string]string {
		data := nodeBundle(t, "node-a",
			artifact{"node/dmesg", "node/dmesg.txt", "[  900.500000] nf_conntrack: nf_conntrack: table full, dropping packet\n", bundle.StatusOK},
			artifact{"node/sysctl", "node/sysctl.txt", "net.netfilter.nf_conntrack_count = 262144\nnet.netfilter.nf_conntrack_max = 262144\n", bundle.StatusOK})
		r, err := bundle.Open([]string{"-"}, bundle.Options{Stdin: bytes.NewReader(data)})
		require.NoError(t, err)
		defer r.Close()
		res, err := analyze.Run(context.Background(), r, ours(t), analyze.Options{Window: analyze.Window{Until: collected.Add(d)}})
		require.NoError(t, err)
		leads := map[string]string{}
		for _, f := range res.Findings {
			leads[f.Signature] = f.Lead
		}
		return leads
	}
	require.Equal(t, map[string]string{"conntrack-table-full": "", "conntrack-near-limit": ""}, window(0))
	require.Equal(t, map[string]string{"conntrack-table-full": "began 8m21s after the time asked about", "conntrack-near-limit": ""}, window(-10*time.Minute))
}
