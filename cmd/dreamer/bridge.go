package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/wgslgen/wgslgen/bridge"
)

func runBridge(ctx context.Context, args []string, s streams) error {
	flags := flag.NewFlagSet("dreamer bridge", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "Usage: dreamer bridge [flags] DIR\n\nServes the GGUF files in DIR to web pages of this machine's browser, by the link that is printed.")
		flags.PrintDefaults()
	}
	var pages origins
	listen := flags.String("listen", "127.0.0.1:0", "loopback `address`; port 0 is any that is free")
	flags.Var(&pages, "origin", "`origin` whose pages may use the link, such as https://example.org; may be repeated (default: the page of dreamer web)")
	dirs, err := parseMixed(flags, args, s)
	if err != nil {
		return err
	}
	if len(dirs) != 1 {
		return &usageError{fmt.Sprintf("%d names; one DIR is needed", len(dirs))}
	}
	if len(pages) == 0 {
		pages = origins{"http://" + webAddress, "http://localhost:" + webPort}
	}
	b, err := bridge.New(dirs[0], pages...)
	if err != nil {
		return err
	}
	defer b.Close()
	listener, err := bridge.Listen(*listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "http://%s%s\n", listener.Addr(), b.Path())
	fmt.Fprintf(s.err, "The models in %s, for pages of %s that get this link. Ctrl-C ends it.\n", dirs[0], pages.String())
	return serve(ctx, listener, b)
}

// origins is a flag that may be repeated.
type origins []string

func (o *origins) String() string { return strings.Join(*o, ", ") }

func (o *origins) Set(text string) error {
	origin, err := bridge.ParseOrigin(text)
	*o = append(*o, origin)
	return err
}

// serve answers requests until the context ends.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	err := server.Serve(listener)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
