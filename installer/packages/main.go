// Command packages makes what is handed out: deb, rpm and tar.gz for Linux, the MSI for Windows, their bills of materials as
// CycloneDX, and the checksums of all that lies in the folder. It needs Go and git, for Windows wixl and msitools too.
//
//	packages -out dist linux              the packages of Linux
//	packages -out dist msi PROGRAM        the one of Windows; the program is built to that path
//	packages -out dist sums               SHA256SUMS of what lies there
//
// Two builds of one commit are the same bytes: every time is the commit's, every mode and owner is written down here.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "packages:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, given []string) error {
	flags := flag.NewFlagSet("packages", flag.ContinueOnError)
	out := flags.String("out", "dist", "folder that is written")
	arch := flags.String("arch", "amd64,arm64", "architectures, as Go names them")
	format := flags.String("format", "deb,rpm,tar", "what is made")
	version := flags.String("version", "", "version instead of what git describes")
	if err := flags.Parse(given); err != nil {
		return err
	}
	r, err := describe(ctx, *version)
	if err != nil {
		return err
	}
	switch what := flags.Arg(0); what {
	case "linux":
		return linux(ctx, r, *out, strings.Split(*arch, ","), strings.Split(*format, ","))
	case "sums":
		return sums(*out)
	case "msi":
		return msi(ctx, r, *out, flags.Arg(1))
	default:
		return errors.New("say linux, msi PROGRAM or sums")
	}
}
