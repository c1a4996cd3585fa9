// Command wgslgen compiles kernels to WGSL and to Go dispatch tables.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // trees die young: with memory to spare, compiling takes a third less time
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// Exit statuses.
const (
	statusOK          = 0
	statusFound       = 1 // the answer is no: a difference, a mistake in a kernel
	statusFailed      = 2 // there is no answer: wrong usage, unreadable files
	statusInterrupted = 130
)

// command is a subcommand. Its run function defines its flags, and returns the
// exit status and an error to print; with an error, a status of 0 means failed.
type command struct {
	name, args, doc string
	run             func(ctx context.Context, c *call) (int, error)
}

var commands = append([]command{
	{"generate", "[-kernels DIR] [-o DIR] [-package NAME] [-diff]", "writes the shaders and the dispatch tables of a folder of kernels", generate},
	{"archive", "[-o DIR]", "packs the shaders of such a folder into one small file, for programs built with the tag archive", pack},
	{"check", "[-kernels DIR] [-kernel NAME] [-quick] [-run WHICH] [-seed N] [-json]", "compiles all kernels at all points, runs what they ship in the interpreter, and exits with 1 if anything is wrong", check},
	{"dump", "-kernel NAME [-kernels DIR] [-point AXIS=VALUE,…] [-stage STAGE]", "shows a kernel at a stage of its compilation", dump},
	{"list", "[-kernels DIR] [-kernel NAME]", "tells what each kernel ships and asks of a device, or each variant of one", list},
	{"fmt", "[-l] [-d] [-w] [FILE|DIR…]", "formats kernel sources; without files, standard input", format},
}, ofTables...)

// call is one invocation of a command.
type call struct {
	streams
	flags *flag.FlagSet
	args  []string
}

// parse parses the flags that the command has defined, and checks that no more
// than most arguments follow (any number, if most is negative).
func (c *call) parse(most int) error {
	if err := c.flags.Parse(c.args); err != nil {
		return usageError{err}
	}
	if most >= 0 && c.flags.NArg() > most {
		return usageError{fmt.Errorf("unexpected argument %q", c.flags.Arg(most))}
	}
	return nil
}

// usageError is a wrong command line; where it wraps flag.ErrHelp, a wish for help.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func run(ctx context.Context, args []string, s streams) int {
	if len(args) == 0 {
		usage(s.err)
		return statusFailed
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		usage(s.out)
		return statusOK
	}
	for _, cmd := range commands {
		if cmd.name == args[0] {
			return cmd.call(ctx, args[1:], s)
		}
	}
	fmt.Fprintf(s.err, "wgslgen: there is no command %q\n\n", args[0])
	usage(s.err)
	return statusFailed
}

func usage(w io.Writer) {
	fmt.Fprint(w, "wgslgen compiles kernels to WGSL and to Go dispatch tables.\n\nUsage: wgslgen COMMAND [FLAGS]\n\n")
	for _, cmd := range commands {
		fmt.Fprintf(w, "  %-9s %s\n", cmd.name, cmd.doc)
	}
	fmt.Fprint(w, "\nwgslgen COMMAND -h tells more. Without -kernels, commands take the kernels that come with wgslgen.\n")
}

func (cmd *command) call(ctx context.Context, args []string, s streams) int {
	c := &call{streams: s, args: args, flags: flag.NewFlagSet(cmd.name, flag.ContinueOnError)}
	c.flags.SetOutput(io.Discard)
	status, err := cmd.run(ctx, c)
	var wrong usageError
	switch {
	case ctx.Err() != nil:
		return statusInterrupted
	case errors.Is(err, flag.ErrHelp):
		cmd.help(c.flags, s.out)
		return statusOK
	case errors.As(err, &wrong):
		fmt.Fprintf(s.err, "wgslgen %s: %v\n\n", cmd.name, err)
		cmd.help(c.flags, s.err)
		return statusFailed
	case err != nil:
		fmt.Fprint(s.err, describe(err))
		if status == statusOK {
			status = statusFailed
		}
	}
	return status
}

func (cmd *command) help(flags *flag.FlagSet, w io.Writer) {
	fmt.Fprintf(w, "Usage: wgslgen %s %s\n\nwgslgen %s %s.\n\n", cmd.name, cmd.args, cmd.name, cmd.doc)
	flags.SetOutput(w)
	flags.PrintDefaults()
}
