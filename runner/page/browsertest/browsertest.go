// Package browsertest starts the browser that tests of pages use.
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

// Value is the value of an expression in the page; of a promise, its result.
func Value[T any](t *testing.T, page context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(page, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Until waits until an expression holds in the page.
func Until(t *testing.T, page context.Context, condition string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(page, time.Minute)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](fmt.Sprintf("Boolean(%s)", condition))); err != nil {
		text, _ := chromedp.Run(page, chromedp.Evaluate[string]("document.body.innerText"))
		t.Fatalf("never: %s: %v\n%s", condition, err, text)
	}
}

// Scheme makes the page believe that its reader prefers a colour scheme, "light" or "dark",
// and little motion.
func Scheme(t *testing.T, page context.Context, name string) {
	t.Helper()
	_, err := chromedp.Run(page, func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}
