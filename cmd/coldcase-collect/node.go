//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"coldcase/bundle"
	"coldcase/collect"
)

// flags are those of the node and cluster commands.
type flags struct {
	collect.Options
	output string
	force  bool
	quiet  bool
	host   string // directory that becomes the root

	encryptTo []string
	to        recipients // encryptTo, parsed
	secret    pseudonymFlags
}

func nodeCommand() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use: "node", Short: "Gather this node, and the cluster's objects where a kubeconfig works", Args: cobra.NoArgs,
		Example: `  coldcase-collect node
  coldcase-collect node -o - | ssh me@laptop 'cat > node-a.tar.zst'
  coldcase-collect node --capture eth0,cni0,pod:shop/web-1 --capture-seconds 20 --capture-filter 'port 53'`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.common(cmd)
	cmd.Flags().StringVar(&f.Node, "node-name", "", "name of the node (default $NODE_NAME, the kubelet's --hostname-override, or the host name)")
	cmd.Flags().StringVar(&f.host, "host-root", "", "`directory` where the node's / is mounted, in a container")
	cmd.Flags().BoolVar(&f.Native, "native", false, "run no program where the collector can print the same itself")
	cmd.Flags().BoolVar(&f.NoCluster, "no-cluster", false, "do not ask the API server")
	cmd.Flags().DurationVar(&f.Interval, "interval", 10*time.Second, "take the counters again after this time, so that rates exist; 0 takes them once")
	cmd.Flags().StringSliceVar(&f.Only, "only", nil, "gather only these `groups` or artifacts")
	cmd.Flags().StringSliceVar(&f.Skip, "skip", nil, "leave these `groups` or artifacts out")
	cmd.Flags().BoolVar(&f.JournalFiles, "journal-files", false, "copy the journal's files too, as they are: nothing in them is redacted")
	cmd.Flags().StringSliceVar(&f.Capture.Points, "capture", nil, "capture packets at these `points` together: devices, any, pod:NAMESPACE/NAME")
	cmd.Flags().IntVar(&f.Capture.Seconds, "capture-seconds", 10, "how long to capture")
	cmd.Flags().StringVar(&f.Capture.Filter, "capture-filter", "", "which packets, in tcpdump's `language`; without tcpdump on the node only its commonest words")
	cmd.Flags().IntVar(&f.Capture.Size, "capture-size", collect.MaxCaptureSize, "`MiB` for the captures of all points together; the oldest packets are dropped")
	cmd.Flags().BoolVar(&f.Capture.Payload, "capture-payload", false, "keep whole packets instead of their first 256 bytes")
	return cmd
}

func clusterCommand() *cobra.Command {
	f := &flags{}
	f.NoNode = true
	cmd := &cobra.Command{
		Use: "cluster", Short: "Gather the cluster's objects with kubectl, from any machine", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.common(cmd)
	return cmd
}

func (f *flags) common(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "`file` to write, or - (default coldcase-NODE-TIME.tar.zst)")
	cmd.Flags().BoolVar(&f.force, "force", false, "overwrite the file if it exists")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print no progress")
	cmd.Flags().DurationVar(&f.Timeout, "timeout", collect.DefaultTimeout, "limit for everything together")
	cmd.Flags().StringArrayVar(&f.encryptTo, "encrypt-to", nil, "encrypt to this public `key` of age (age1...) while writing; may be given several times; the file's name ends in .age")
	f.secret.register(cmd)
	f.Budget = collect.DefaultBudget
	cmd.Flags().Var((*byteSize)(&f.Budget), "max-size", "`bytes` of all artifacts before compression, as in 200M or 1G; logs keep their newest part")
	f.GroupBudgets = map[string]int64{}
	cmd.Flags().Var(groupSizes(f.GroupBudgets), "max-group-size", "the same for one group, as in `logs=200M,containers=16M`")
	cmd.Flags().StringVar(&f.Kubeconfig, "kubeconfig", "", "kubeconfig `file` (default $KUBECONFIG, the control plane's, the kubelet's)")
}

func (f *flags) run(cmd *cobra.Command) error {
	if err := f.check(); err != nil {
		return err
	}
	f.Tool, f.Args = "coldcase-collect "+version, os.Args[1:]
	out, err := f.open(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	if err := enterHost(f.host); err != nil {
		return err
	}
	collect.BeModest()
	p := newProgress(cmd.ErrOrStderr(), f.quiet)
	f.Progress = p.event
	f.Chunk = f.to.chunk()
	sealed, seal, err := f.to.seal(out)
	if err != nil {
		return &failure{err: err, hint: "is the disk full? -o - streams the bundle to another machine", code: exitWrite}
	}
	summary, err := collect.Run(cmd.Context(), sealed, f.Options)
	kept := f.secret.keep()
	if err == nil {
		err = seal()
	}
	if cerr := out.finish(err == nil); err == nil {
		err = cerr
	}
	if err != nil {
		return &failure{err: err, hint: "is the disk full? -o - streams the bundle to another machine", code: exitWrite}
	}
	p.done(summary, out)
	if kept != nil {
		return kept
	}
	return f.secret.finish(out, summary, f.Options, f.quiet, cmd.ErrOrStderr())
}

func (f *flags) check() (err error) {
	if f.to, err = parseRecipients(f.encryptTo); err != nil {
		return err
	}
	if f.Kubeconfig != "" {
		if _, err := os.Stat(f.Kubeconfig); err != nil {
			return usage("name a kubeconfig that this user can read, or use --no-cluster", "--kubeconfig: %w", err)
		}
	}
	if f.Timeout < time.Second {
		return usage("use something like --timeout 2m", "--timeout %s is too short", f.Timeout)
	}
	if f.Interval < 0 || f.Interval >= f.Timeout {
		return usage("use something like --interval 10s, or 0", "--interval %s does not fit into --timeout %s", f.Interval, f.Timeout)
	}
	if f.Capture.Seconds < 1 || time.Duration(f.Capture.Seconds)*time.Second > f.Timeout {
		if len(f.Capture.Points) > 0 {
			return usage("give --timeout more than --capture-seconds", "--capture-seconds %d does not fit into --timeout %s", f.Capture.Seconds, f.Timeout)
		}
	}
	if err := collect.CheckCapture(f.Capture, f.host == ""); err != nil {
		return usage("ip link lists the devices; coldcase-collect node --help has an example", "--capture: %w", err)
	}
	for _, list := range [][]string{f.Only, f.Skip} {
		if err := known(list); err != nil {
			return err
		}
	}
	err = f.secret.check(f.host)
	f.Pseudonyms = f.secret.mapper
	f.Watch = f.output == "-" || len(f.to) > 0 // what cannot be read again
	return err
}

func known(names []string) error {
	for _, n := range names {
		ok := slices.Contains(collect.Groups(), n)
		for _, a := range collect.Artifacts() {
			ok = ok || n == a.Name || "node/"+n == a.Name || "cluster/"+n == a.Name
		}
		if !ok {
			return usage("groups are "+strings.Join(collect.Groups(), ", ")+"; coldcase-collect plan lists the artifacts", "%q is no group or artifact", n)
		}
	}
	return nil
}

// output is where the bundle goes.
type output struct {
	io.Writer
	file *os.File // nil for standard output
	name string
	size int64
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	o.size += int64(n)
	return n, err
}

func (f *flags) open(stdout io.Writer) (*output, error) {
	if f.output == "-" {
		if file, ok := stdout.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
			return nil, usage("pipe it into a file or another machine, or use -o FILE", "will not write an archive to a terminal")
		}
		return &output{Writer: stdout, name: "-"}, nil
	}
	name := f.output
	if name == "" {
		name = f.secret.defaultName(f.NoNode, f.Node)
	}
	name = strings.TrimSuffix(name, f.to.suffix()) + f.to.suffix()
	mode := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if f.force {
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(name, mode, 0o600)
	switch {
	case os.IsExist(err):
		return nil, usage("choose another name with -o, or use --force", "%q exists already", name)
	case err != nil:
		return nil, &failure{err: fmt.Errorf("open the bundle: %w", err), hint: "choose another place with -o, or stream it with -o -", code: exitWrite}
	}
	return &output{Writer: file, file: file, name: name}, nil
}

// finish closes the file. A bundle that was cut short by a full disk stays: what is in it can be read.
func (o *output) finish(whole bool) error {
	if o.file == nil {
		return nil
	}
	err := o.file.Close()
	if err != nil && whole {
		return fmt.Errorf("close the bundle: %w", err)
	}
	return nil
}

func defaultName(cluster bool, node string) string {
	if cluster {
		node = "cluster"
	} else {
		node = collect.ThisNode(node)
	}
	node = strings.Map(func(r rune) rune {
		if r == '/' || r <= ' ' {
			return '_'
		}
		return r
	}, node)
	return fmt.Sprintf("coldcase-%s-%s.tar.zst", node, time.Now().UTC().Format("20060102T150405Z"))
}

// statusOrder sorts the summary of what was not gathered.
var statusOrder = []bundle.Status{
	bundle.StatusTimeout, bundle.StatusAborted, bundle.StatusNonzeroExit, bundle.StatusPermission, bundle.StatusTruncated,
	bundle.StatusBudget, bundle.StatusMissingBinary, bundle.StatusUnsupported, bundle.StatusSkipped,
}
