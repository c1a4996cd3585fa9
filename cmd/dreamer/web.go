package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/wgslgen/wgslgen/bridge"
)

// The page's address stays the same from run to run: what a browser stores, it
// stores for an address.
const (
	webPort    = "8410"
	webAddress = "127.0.0.1:" + webPort
)

func runWeb(ctx context.Context, args []string, s streams) error {
	flags := flag.NewFlagSet("dreamer web", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "Usage: dreamer web [flags] [DIR]\n\nServes the page that runs models in a browser, with the GGUF files in DIR if it is given. Open the link that is printed.")
		flags.PrintDefaults()
	}
	listen := flags.String("listen", webAddress, "loopback `address`; port 0 is any that is free")
	page := flags.String("dir", "", "`folder` of the page (default: web beside the program)")
	dirs, err := parseMixed(flags, args, s)
	if err != nil {
		return err
	}
	if len(dirs) > 1 {
		return &usageError{fmt.Sprintf("%d names; one DIR at most", len(dirs))}
	}
	if *page == "" {
		program, err := os.Executable()
		if err != nil {
			return err
		}
		*page = filepath.Join(filepath.Dir(program), "web")
	}
	if _, err := os.Stat(filepath.Join(*page, "index.html")); err != nil {
		return fmt.Errorf("no page there (make web builds it): %w", err)
	}
	files, err := os.OpenRoot(*page)
	if err != nil {
		return err
	}
	defer files.Close()

	mux := http.NewServeMux()
	mux.Handle("/", http.FileServerFS(files.FS()))
	fragment := ""
	if len(dirs) == 1 {
		b, err := bridge.New(dirs[0])
		if err != nil {
			return err
		}
		defer b.Close()
		mux.Handle(b.Path(), b)
		fragment = "#bridge=" + b.Path() // which no browser sends to a server
	}
	listener, err := bridge.Listen(*listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "http://%s/%s\n", listener.Addr(), fragment)
	fmt.Fprintln(s.err, "Open the link in a browser with WebGPU. Ctrl-C ends it.")
	return serve(ctx, listener, guarded(mux))
}

// guarded has browsers ask whether a file has changed before they use their copy,
// as the page's files belong together, and keep the page out of others' frames.
func guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Security-Policy", "frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		h.ServeHTTP(w, r)
	})
}
