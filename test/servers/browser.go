package servers

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Browser starts a headless Chromium for this test alone, with an empty profile, which finds no other machine; chromedp drives it by the context
// that is returned. It is given up after a minute.
func Browser(t testing.TB) context.Context {
	t.Helper()
	path, err := program(nil, "chromium", "chromium-browser", "google-chrome")
	unavailable(t, err)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"), chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(45*time.Second))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	within, end := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(end)
	allocator, stop := chromedp.NewExecAllocator(within, options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until it has ended
		closeTab()
	})
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal("chromium does not start: ", err)
	}
	return ctx
}
