// Package browsertest starts the browser that tests of pages use.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

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
