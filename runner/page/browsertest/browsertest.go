// Package browsertest starts the browser that tests of pages use, and reads their pages.
package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Start starts a headless Chromium that ends with the test. REQUIRE_CHROMIUM=1 makes its absence a
// failure.
func Start(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("REQUIRE_CHROMIUM") == "1" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 720), chromedp.UserDataDir(t.TempDir()))
	// Not t.Context(): the browser has to be alive when it is told to end.
	allocator, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	browser, cancel := chromedp.NewContext(allocator)
	limited, free := context.WithTimeout(browser, 5*time.Minute)
	t.Cleanup(func() {
		if err := chromedp.Cancel(limited); err != nil {
			t.Errorf("end chromium: %v", err)
		}
		free()
		cancel()
		stop()
	})
	if err := chromedp.Do(limited, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return limited
}

// Page is a page in a browser. What it cannot do fails its test.
type Page struct {
	T   *testing.T
	Ctx context.Context //nolint:containedctx // it names the page
}

// Value is the value of an expression, or of its promise.
func Value[V any](p *Page, expression string) V {
	p.T.Helper()
	v, err := chromedp.Run(p.Ctx, chromedp.Evaluate[V](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.T.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Until waits until an expression holds, for a minute at most.
func (p *Page) Until(condition string) {
	p.T.Helper()
	ctx, cancel := context.WithTimeout(p.Ctx, time.Minute)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](fmt.Sprintf("Boolean(%s)", condition))); err != nil {
		text, _ := chromedp.Run(p.Ctx, chromedp.Evaluate[string]("document.body.innerText"))
		p.T.Fatalf("never: %s: %v\n%s", condition, err, text)
	}
}

// Press presses a key that stands for something else than text: a page that takes it gets no text
// from a browser.
func (p *Page) Press(key string) {
	p.T.Helper()
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		_, err := chromedp.Run(p.Ctx, func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
			return cdp.Call(ctx, target, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: key})
		})
		if err != nil {
			p.T.Fatal(err)
		}
	}
}

// Scheme chooses light or dark, and no motion.
func (p *Page) Scheme(name string) {
	p.T.Helper()
	_, err := chromedp.Run(p.Ctx, func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
	})
	if err != nil {
		p.T.Fatal(err)
	}
}
