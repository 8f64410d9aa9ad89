// Command msi makes the package of Windows on any machine that has wixl and msitools: the program, an example,
// the documentation, and the orders that make the service.
//
//	msi -out dist -version 1.2.3 -time 1760000000 inbasket.exe
//
// Two builds from the same files are the same bytes: every identifier is made from what is in the package, every
// time is -time. With -sign-cert and -sign-key program and package are signed by osslsigncode.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "msi:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, given []string) error {
	flags := flag.NewFlagSet("msi", flag.ContinueOnError)
	out := flags.String("out", "dist", "folder that is written")
	version := flags.String("version", "", "version of the program")
	stamp := flags.Int64("time", 0, "time of everything in the package, in seconds since 1970")
	build := flags.Bool("build", false, "build the program first, to the path that is given")
	s := signer{}
	flags.StringVar(&s.cert, "sign-cert", os.Getenv("SIGN_CERT"), "certificate chain to sign with, PEM")
	flags.StringVar(&s.key, "sign-key", os.Getenv("SIGN_KEY"), "its private key, PEM")
	flags.StringVar(&s.stampURL, "sign-time", os.Getenv("SIGN_TIME"), "URL of a time-stamping service; empty: none")
	if err := flags.Parse(given); err != nil {
		return err
	}
	if flags.NArg() != 1 || *version == "" || *stamp == 0 {
		return fmt.Errorf("say -version, -time and the path of inbasket.exe")
	}
	program := flags.Arg(0)
	if *build {
		if err := buildProgram(ctx, *version, program); err != nil {
			return err
		}
	}
	p, err := describe(*version, time.Unix(*stamp, 0).UTC())
	if err != nil {
		return err
	}
	p.signer = s
	target := filepath.Join(*out, fmt.Sprintf("inbasket_%s_windows_amd64.msi", *version))
	if err := p.make(ctx, program, target); err != nil {
		return err
	}
	fmt.Println(strings.ReplaceAll(target, `\`, "/"))
	return nil
}
