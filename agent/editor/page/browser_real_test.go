package page

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/inbasket/inbasket/test/servers"
)

// user is somebody before a browser.
type user struct {
	t   *testing.T
	ctx context.Context
}

func (u user) do(what string, actions ...chromedp.Action) {
	u.t.Helper()
	if err := chromedp.Run(u.ctx, actions...); err != nil {
		u.t.Fatalf("%s: %v", what, err)
	}
}

// until waits for something in the page to be true.
func (u user) until(js string) {
	u.t.Helper()
	var is bool
	u.do(js, chromedp.Poll(js, &is))
}

// value is what an expression of JavaScript gives.
func (u user) value(js string) (text string) {
	u.t.Helper()
	u.do(js, chromedp.Evaluate("String("+js+")", &text))
	return text
}

func (u user) is(js, want string) {
	u.t.Helper()
	if have := u.value(js); have != want {
		u.t.Errorf("%s is %q, want %q", js, have, want)
	}
}

// serve serves a page until the test ends.
func serve(t *testing.T, o Options) (url string) {
	t.Helper()
	o.Clock, o.Save = clock{}, write
	p, l, url, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return url
}

const (
	status  = `document.getElementById("status").textContent`
	focused = `(document.activeElement.id || document.activeElement.dataset.key || document.activeElement.tagName)`
)

// TestInABrowser edits a mapping as a person does who has a keyboard only.
func TestInABrowser(t *testing.T) {
	t.Parallel()
	ctx := servers.Browser(t)
	path := filepath.Join(folder(t, permit), "m.yaml")
	u := user{t, ctx}
	u.do("open", chromedp.Navigate(serve(t, Options{Mapping: path, Reveal: true})), chromedp.WaitReady("#result table"))
	u.is(status, "The mapping is right. The form gives 1 record.")
	u.is(`document.querySelector("#result tbody tr:nth-child(2) td").textContent.trim()`, "<I>ÖZLEM 7</I>")

	// The first stop of the keyboard leads to the mapping.
	u.do("tab", chromedp.KeyEvent(kb.Tab))
	u.is(`document.activeElement.className`, "skip")
	u.do("follow", chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Tab))
	u.is(focused, "text")

	// Typing shows what is wrong, at its place, and keeps where one is.
	u.do("to the word", chromedp.Evaluate(`(() => { const at = text.value.indexOf("upper()"); text.setSelectionRange(at, at + 7); })()`, nil), chromedp.KeyEvent("uper()"))
	u.until(status + `.startsWith("1 problem")`)
	u.is(`document.querySelector("#marks mark.wrong").textContent`, "uper")
	u.is(focused, "text")
	u.is(`text.selectionStart - text.value.indexOf("uper()")`, "6")
	u.is(`text.getAttribute("aria-invalid")`, "true")
	u.is(`document.querySelector("#problems .hint").textContent`, `did you mean "upper"?`)
	u.is(`document.getElementById("status").getAttribute("role")`, "status")
	mark := `document.querySelector("#marks mark").getBoundingClientRect()`
	u.is(mark+`.width > 10 && `+mark+`.top > text.getBoundingClientRect().top`, "true")

	// A problem leads to its place.
	u.do("to the problem", chromedp.Focus("#problems button"), chromedp.KeyEvent(kb.Enter))
	u.is(focused, "text")
	u.is(`text.value.slice(text.selectionStart, text.selectionEnd)`, "uper")
	u.do("mend", chromedp.KeyEvent("lower"))
	u.until(status + `.startsWith("The mapping is right")`)
	u.until(`document.querySelector("#result tbody tr:nth-child(2) td").textContent.trim() === "<i>özlem 7</i>"`)

	// Saving is a key, and only that writes.
	if text, _ := os.ReadFile(path); string(text) != permit {
		t.Error("the file was written before it was saved")
	}
	u.do("save", chromedp.Evaluate(`document.dispatchEvent(new KeyboardEvent("keydown", {key: "s", ctrlKey: true, bubbles: true}))`, nil))
	u.until(status + `.startsWith("Saved.")`)
	want := strings.Replace(permit, "upper()", "lower()", 1)
	if text, _ := os.ReadFile(path); string(text) != want {
		t.Errorf("saved was %s", text)
	}

	// What somebody else writes meanwhile stays.
	if err := os.WriteFile(path, []byte("mapping: theirs\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	u.do("save again", chromedp.Focus("#save"), chromedp.KeyEvent(kb.Enter))
	u.until(`document.getElementById("trouble").textContent.includes("changed on the disk")`)
	u.is(`text.value.includes("lower()")`, "true")
	u.is(focused, "save")
	if text, _ := os.ReadFile(path); string(text) != "mapping: theirs\n" {
		t.Errorf("overwritten by %s", text)
	}
}

// TestBranchesStayClosed looks whether what a person has folded stays so, with the focus, when the page changes; and that names and landmarks are there.
func TestBranchesStayClosed(t *testing.T) {
	t.Parallel()
	ctx := servers.Browser(t)
	u := user{t, ctx}
	u.do("open", chromedp.Navigate(serve(t, Options{Mapping: filepath.Join(folder(t, permit), "m.yaml")})), chromedp.WaitReady("#tree summary"))
	u.do("close", chromedp.Focus("#tree summary"), chromedp.KeyEvent(kb.Enter))
	u.is(`document.querySelector("#tree details").open`, "false")
	u.do("another text", chromedp.Evaluate(`text.value = text.value.replace("NO: form.no", "NUMBER: form.no"); text.dispatchEvent(new Event("input"))`, nil))
	u.until(`document.querySelector("#result").textContent.includes("NUMBER")`)
	u.until(`document.querySelector("#tree").textContent.includes("register T NUMBER")`)
	u.is(`document.querySelector("#tree details").open`, "false")
	u.is(focused, "of ")
	u.is(`document.querySelectorAll("main, header").length`, "2")
	u.is(`Array.from(document.querySelectorAll("section"), s => document.getElementById(s.getAttribute("aria-labelledby")).textContent.trim()).join()`, "Form,Mapping,Result")
	u.is(`Array.from(document.querySelectorAll("textarea, select"), e => e.labels.length).join()`, "1,1")
	u.is(`Array.from(document.querySelectorAll("button"), b => b.textContent.trim() !== "").join()`, "true,true")
	u.is(`document.body.scrollWidth <= window.innerWidth`, "true")

	// Nothing else than the page's own files was asked for, and none of it was refused.
	u.is(`performance.getEntriesByType("resource").filter(e => new URL(e.name).origin !== location.origin).length`, "0")
	u.is(`getComputedStyle(document.querySelector("main")).display`, "grid")
}

// contrast computes the least contrast of text with what is behind it, as WCAG does.
const contrast = `(() => {
  const light = c => { const [r, g, b] = c.match(/\d+(\.\d+)?/g).slice(0, 3).map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\)$/.test(c)) return c; } return "rgb(255, 255, 255)"; };
  let least = 21;
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest("[aria-hidden]") || !Array.from(e.childNodes).some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const a = light(getComputedStyle(e).color), b = light(behind(e));
    least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return least >= 4.5 ? "enough" : least;
})()`

// TestContrast looks at all colours there are, by day and by night.
func TestContrast(t *testing.T) {
	t.Parallel()
	ctx := servers.Browser(t)
	u := user{t, ctx}
	bad := strings.Replace(permit, "form.no\n", "form.no\nlet: {a: form.x}\n", 1)
	url := serve(t, Options{Mapping: filepath.Join(folder(t, bad), "m.yaml")})
	for _, scheme := range []string{"light", "dark"} {
		u.do("open", emulate(scheme), chromedp.Navigate(url), chromedp.WaitReady("#problems li"))
		u.is(`matchMedia("(prefers-color-scheme: dark)").matches`, map[string]string{"light": "false", "dark": "true"}[scheme])
		u.is(contrast, "enough")
	}
}

// emulate has the browser prefer a colour scheme.
func emulate(scheme string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}})
}
