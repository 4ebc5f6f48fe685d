package report

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"coldcase/analyze"
)

// browser is a headless Chromium with one open report and a record of everything that went wrong or out.
type browser struct {
	ctx      context.Context
	mu       sync.Mutex
	requests []string
	trouble  []string
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	binary := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			binary = path
			break
		}
	}
	if binary == "" {
		t.Skip("needs Chromium: none of chromium, chromium-browser, google-chrome, headless-shell is on the PATH")
	}
	timed, stop := context.WithTimeout(context.Background(), 4*time.Minute)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(timed, chromedp.WithAllocatorOptions(chromedp.ExecPath(binary), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-dev-shm-usage", true)))
	t.Cleanup(leave)
	b := &browser{ctx: ctx}
	require.NoError(t, chromedp.Listen(ctx, b.note))
	call(t, b, network.Enable, network.EnableParams{})
	call(t, b, log.Enable, cdp.Empty{})
	return b
}

// note records requests, console messages, exceptions and the browser's own complaints, such as a policy violation.
func (b *browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "data:") {
			b.requests = append(b.requests, e.Request.URL)
		}
	case *runtime.EventConsoleAPICalled:
		b.trouble = append(b.trouble, fmt.Sprintf("console %s: %v", e.Type, e.Args))
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, "exception: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		b.trouble = append(b.trouble, "log: "+e.Entry.Text)
	case *page.EventJavascriptDialogOpening:
		b.trouble = append(b.trouble, "dialog: "+e.Message)
	}
}

func (b *browser) run(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	require.NoError(t, chromedp.Do(b.ctx, actions...))
}

// call sends a command of the browser's protocol.
func call[P, R any](t *testing.T, b *browser, command cdp.Command[P, R], parameters P) {
	t.Helper()
	_, err := chromedp.Call(b.ctx, command, parameters)
	require.NoError(t, err)
}

// js runs a statement in the page.
func (b *browser) js(t *testing.T, statement string) {
	t.Helper()
	require.True(t, value[bool](t, b, "(() => { "+statement+"; return true; })()"))
}

// value evaluates an expression in the page.
func value[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	out, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	require.NoError(t, err)
	return out
}

func (b *browser) open(t *testing.T, r *analyze.Result) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(path, []byte(render(t, "html", r)), 0o600))
	address := (&url.URL{Scheme: "file", Path: path}).String()
	b.run(t, chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("body")))
	return address
}

func (b *browser) size(t *testing.T, width, height int64, dark bool) {
	t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.run(t, chromedp.EmulateViewport(width, height))
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "screen",
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

const visibleCards = `[...document.querySelectorAll("[data-finding]")].filter(e => !e.closest("[hidden]")).map(e => e.dataset.finding).join(" ")`

func TestBrowser(t *testing.T) {
	b := openBrowser(t)
	b.size(t, 1280, 900, false)
	address := b.open(t, sampleResult())
	t.Run("hostile evidence is text", func(t *testing.T) {
		require.Equal(t, "undefined", value[string](t, b, `typeof window.__owned`))
		require.Equal(t, 0, value[int](t, b, `document.querySelectorAll("img, iframe, [onerror], [style], script:not(:last-child)").length`))
		require.Equal(t, 1, value[int](t, b, `document.scripts.length`))
		require.Contains(t, value[string](t, b, `document.body.innerText`), "Hostile text stays text: "+hostileScript)
		require.Equal(t, 0, value[int](t, b, `[...document.links].filter(a => !/^(https?|file):/.test(a.protocol)).length`))
	})
	t.Run("filters", func(t *testing.T) { testFilters(t, b) })
	t.Run("links unfold their target", func(t *testing.T) {
		b.js(t, `location.hash = document.querySelector('[data-finding="4"]').id`)
		require.Eventually(t, func() bool {
			return value[bool](t, b, `document.querySelector('[data-finding="4"] .message').checkVisibility({contentVisibilityAuto: true})`)
		}, 5*time.Second, 50*time.Millisecond)
	})
	t.Run("copy", func(t *testing.T) { testCopy(t, b) })
	t.Run("print shows everything", func(t *testing.T) { testPrint(t, b) })
	t.Run("phone", func(t *testing.T) {
		for _, width := range []int64{320, 360, 412} {
			b.size(t, width, 740, false)
			b.js(t, `document.querySelectorAll("details").forEach(d => { d.open = true; })`)
			require.LessOrEqual(t, value[int64](t, b, `document.scrollingElement.scrollWidth`), width, "the page scrolls sideways at %d px", width)
		}
	})
	t.Run("quiet", func(t *testing.T) {
		b.mu.Lock()
		defer b.mu.Unlock()
		require.Empty(t, b.trouble)
		require.Equal(t, []string{address}, b.requests, "the report loads nothing but itself")
	})
}

func testFilters(t *testing.T, b *browser) {
	shown := func() string { return value[string](t, b, `document.getElementById("shown").textContent`) }
	choose := func(script string) { b.js(t, script) }
	require.Equal(t, "6 of 6 findings", shown())
	pick := `(v) => { const s = document.getElementById("node"); s.value = v; s.dispatchEvent(new Event("change")); }`
	choose("(" + pick + ")('0')")
	require.Equal(t, "1 of 6 findings", shown(), "node-a")
	require.Equal(t, "1", value[string](t, b, visibleCards))
	require.Equal(t, 1, value[int](t, b, `[...document.querySelectorAll("#nodes table:first-of-type tbody tr")].filter(e => !e.hidden).length`))
	require.Equal(t, 1, value[int](t, b, `[...document.querySelectorAll(".mark:not(.period)")].filter(e => e.checkVisibility()).length`), "the timeline follows")
	choose("(" + pick + ")('')")

	b.run(t, chromedp.Click(chromedp.CSS(`.chip[data-sev="critical"]`)), chromedp.Click(chromedp.CSS(`.chip[data-sev="info"]`)))
	require.Equal(t, "2 of 6 findings", shown(), "warnings")
	require.Equal(t, "0 2 3 5", value[string](t, b, visibleCards), "causes stay in sight above their symptoms")
	b.run(t, chromedp.Click(chromedp.CSS(`.chip[data-sev="warning"]`)))
	require.True(t, value[bool](t, b, `document.querySelector(".nohit").checkVisibility()`))
	b.run(t, chromedp.Click(chromedp.CSS(`#reset`)))
	require.Equal(t, "6 of 6 findings", shown())

	b.js(t, `document.activeElement.blur()`)
	b.run(t, chromedp.KeyEvent("/"))
	require.Equal(t, "q", value[string](t, b, `document.activeElement.id`), "/ goes to the search")
	b.run(t, chromedp.KeyEvent("NF_conntrack full"))
	require.Eventually(t, func() bool { return shown() == "1 of 6 findings" }, 5*time.Second, 50*time.Millisecond)
	require.Equal(t, "1", value[string](t, b, visibleCards))
	b.run(t, chromedp.KeyEvent("\x1b"))
	require.Equal(t, "6 of 6 findings", shown(), "Escape clears")
}

func testCopy(t *testing.T, b *browser) {
	require.Positive(t, value[int](t, b, `[...document.querySelectorAll(".copy")].filter(e => !e.hidden).length`))
	require.Equal(t, value[int](t, b, `document.querySelectorAll(".quote, .code").length`), value[int](t, b, `document.querySelectorAll(".copy").length`))
	b.js(t, `Object.defineProperty(navigator, "clipboard", {configurable: true, value: {writeText: async (s) => { window.copied = s; }}})`)
	b.js(t, `document.querySelectorAll(".steps .copy")[1].click()`)
	require.Equal(t, "sync\necho 1 > /proc/sys/vm/compact_memory", value[string](t, b, `window.copied`))
	b.js(t, `document.querySelector(".quote .copy").click()`)
	require.Contains(t, value[string](t, b, `window.copied`), "\n[5184071.118374] runc:[1:CHILD]: page allocation failure", "lines without their numbers")
}

func testPrint(t *testing.T, b *browser) {
	b.js(t, `document.querySelectorAll("details").forEach(d => { d.open = false; })`)
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	hidden := `[...document.querySelectorAll("details > *, details pre, details table")].filter(e => e.tagName !== "SUMMARY" && !e.closest("button") && !e.checkVisibility({contentVisibilityAuto: true})).map(e => e.outerHTML.slice(0, 80))`
	require.Eventually(t, func() bool { return len(value[[]string](t, b, hidden)) == 0 }, 20*time.Second, 100*time.Millisecond, "folded on paper: %v", hidden)
	require.False(t, value[bool](t, b, `document.getElementById("filters").checkVisibility()`))
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "screen"})
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFPrintBackground()))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(pdf), "%PDF"))
	if dir := os.Getenv("COLDCASE_SCREENSHOTS"); dir != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "report.pdf"), pdf, 0o644))
	}
}

// TestBrowserWithoutScript reads the report with JavaScript off.
func TestBrowserWithoutScript(t *testing.T) {
	b := openBrowser(t)
	call(t, b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(t, sampleResult())
	tree, err := chromedp.Run(b.ctx, chromedp.Nodes(chromedp.CSSAll(`details.symptom`)))
	require.NoError(t, err)
	require.Len(t, tree, 3)
	controls, err := chromedp.Run(b.ctx, chromedp.Nodes(chromedp.CSSAll(`#filters[hidden], .copy[hidden]`)))
	require.NoError(t, err)
	require.Greater(t, len(controls), 5, "what needs JavaScript does not show")
}

// TestScreenshots writes pictures of the report for people who work on its design.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("COLDCASE_SCREENSHOTS")
	if dir == "" {
		t.Skip("needs COLDCASE_SCREENSHOTS: the directory to write to")
	}
	b := openBrowser(t)
	for _, shot := range []struct {
		name          string
		width, height int64
		dark, whole   bool
		unfold        bool
		result        *analyze.Result
	}{
		{"desktop-light", 1280, 900, false, true, false, sampleResult()},
		{"desktop-dark", 1280, 900, true, true, false, sampleResult()},
		{"desktop-unfolded", 1280, 900, false, true, true, sampleResult()},
		{"print", 794, 1123, false, true, false, sampleResult()},
		{"phone", 360, 740, false, true, false, sampleResult()},
		{"phone-unfolded", 360, 740, true, true, true, sampleResult()},
		{"first-glance", 1280, 900, false, false, false, sampleResult()},
		{"nothing-matched", 1280, 900, false, true, false, openResult()},
		{"many", 1280, 900, false, true, false, manyFindings(1000)},
	} {
		b.size(t, shot.width, shot.height, shot.dark)
		b.open(t, shot.result)
		if shot.unfold {
			b.js(t, `document.getElementById("unfold").click()`)
		}
		if shot.name == "print" {
			call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		}
		action := chromedp.CaptureScreenshot()
		if shot.whole {
			action = chromedp.FullScreenshot(100)
		}
		png, err := chromedp.Run(b.ctx, action)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, shot.name+".png"), png, 0o644))
	}
}
