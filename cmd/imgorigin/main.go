// Command imgorigin is an image-serving CDN origin: it keeps pictures, makes thumbnails of them on the fly, and
// answers with headers that caches can rely on. This package reads flags and environment, constructs, wires and
// passes signals on; it decides nothing about pictures.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the first signal drains; a second one ends the process as signals do
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	m := &Main{Stdout: os.Stdout, Stderr: os.Stderr}
	if err := m.Run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "imgorigin:", err)
		os.Exit(1)
	}
}

// gcPercent is how much garbage there may be for each byte in use, where GOGC does not say: a quarter of Go's default. Most of
// the heap is thumbs, which hold no pointers, so that collecting often costs little; a hit from memory makes nothing to collect.
const gcPercent = 25

// Main is the program with its surroundings, so that a test can start it on port 0 in a folder of its own.
type Main struct {
	Stdout, Stderr io.Writer
	// Ready is called once with the address that is served, when requests are answered.
	Ready func(address string)
}

// commandLine is the program's grammar.
type commandLine struct {
	Serve     serveCommand     `cmd:"" help:"Serve the library over HTTP."`
	Superuser superuserCommand `cmd:"" help:"Manage superusers, who pass every rule."`
	Key       keyCommand       `cmd:"" help:"Manage API keys, which the file APIs of the media library ask for."`
	Files     filesCommand     `cmd:"" help:"Manage the files of the media library."`
	Gc        gcCommand        `cmd:"" name:"gc" help:"Remove what a crash left in the store and no record knows."`
	Migrate   migrateCommand   `cmd:"" help:"Move a library's catalog, or its bytes, to another kind of store, while it is served."`
	Health    healthCommand    `cmd:"" help:"Ask a running server whether it is well; exits 1 when it is not."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// errExit ends Run without an error, when help was asked for.
var errExit = errors.New("exit")

// Run parses the arguments and runs the command they name until it ends or ctx does. The error is one line.
func (m *Main) Run(ctx context.Context, args []string) (err error) {
	defer func() {
		if v := recover(); v != nil {
			if v != any(errExit) {
				panic(v)
			}
			err = nil
		}
	}()
	var line commandLine
	parser, err := newParser(&line, m)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		return err
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return command.Run(m)
}

// newParser builds the parser. Every option of every command is an environment variable too.
func newParser(line *commandLine, m *Main) (*kong.Kong, error) {
	return kong.New(line,
		kong.Name("imgorigin"),
		kong.Description("An image-serving CDN origin with on-the-fly thumbnails, PocketBase-style."),
		kong.DefaultEnvars("IMGORIGIN"),
		kong.Writers(m.Stdout, m.Stderr),
		kong.Exit(func(int) { panic(errExit) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
}

// version is set by the linker for releases.
var version = ""

type versionCommand struct{}

// Run prints the version: a release's number, or the module's own with the commit that it was built from.
func (versionCommand) Run(m *Main) error {
	v := version
	if v == "" {
		v = "devel"
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, s := range info.Settings {
				if s.Key == "vcs.revision" && len(s.Value) >= 12 {
					v += " " + s.Value[:12]
				}
			}
		}
	}
	_, err := fmt.Fprintln(m.Stdout, "imgorigin", v)
	return err
}
