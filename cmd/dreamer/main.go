// Command dreamer runs language models on WebGPU.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"
)

// Exit codes.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// sameInterrupt is how long further signals count as the first.
const sameInterrupt = 300 * time.Millisecond

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// command is one of dreamer's commands.
type command struct {
	name, summary string
	run           func(ctx context.Context, args []string, s streams) error
}

var commands = []command{
	{"run", "generate text from a prompt", runRun},
	{"chat", "talk with a model", runChat},
	{"logits", "write the logits at every position of a list of tokens", runLogits},
	{"bench", "measure prefill and decode", runBench},
	{"plan", "say what a model takes on a device, before loading it", runPlan},
	{"convert", "turn a model into another format or type of weights", runConvert},
	{"inspect", "say what a model's file holds, and what is wrong with it", runInspect},
	{"web", "serve the page that runs models in a browser", runWeb},
	{"bridge", "serve local models to web pages of this machine's browser", runBridge},
	{"devices", "list GPUs, and what they get", runDevices},
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return exitUsage
	}
	if slices.Contains([]string{"-h", "-help", "--help", "help"}, args[0]) {
		usage(stdout)
		return exitOK
	}
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == args[0] })
	if i < 0 {
		fmt.Fprintf(stderr, "dreamer: no command %q\n\n", args[0])
		usage(stderr)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// A later interrupt ends the process at once. Not one that comes along with
	// the first: some programs signal a process and then its group.
	context.AfterFunc(ctx, func() { time.AfterFunc(sameInterrupt, stop) })
	err := commands[i].run(ctx, args[1:], streams{stdin, stdout, stderr})
	return exitCode(ctx, err, args[0], stderr)
}

// exitCode reports an error, and returns what it means.
func exitCode(ctx context.Context, err error, command string, stderr io.Writer) int {
	var wrong *usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &wrong):
		if wrong.message != "" {
			fmt.Fprintf(stderr, "dreamer %s: %s (see dreamer %s -h)\n", command, wrong.message, command)
		}
		return exitUsage
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return exitInterrupted
	}
	fmt.Fprintf(stderr, "dreamer %s: %v\n", command, err)
	return exitError
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "dreamer runs language models (GGUF files) on WebGPU.\n\nUsage: dreamer COMMAND [flags]")
	fmt.Fprintln(w)
	for _, c := range commands {
		fmt.Fprintf(w, "  %-8s %s\n", c.name, c.summary)
	}
	fmt.Fprintln(w, "\ndreamer COMMAND -h lists a command's flags. Without -m the built-in story model runs.")
}
