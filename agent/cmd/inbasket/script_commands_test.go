package main

import (
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite"
)

// exitcodeOf runs inbasket and compares its exit code: exitcode N ARGS...
func exitcodeOf(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("inbasket", args[1:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// await runs inbasket again and again until its output matches: await PATTERN ARGS...
func await(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[0])
	var last string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		cmd := exec.Command("inbasket", args[1:]...)
		cmd.Dir, cmd.Env = ts.Getenv("WORK"), append(os.Environ(), "TZ=UTC")
		if dir := ts.Getenv("PWD"); dir != "" {
			cmd.Dir = dir
		}
		out, _ := cmd.CombinedOutput()
		if pattern.Match(out) {
			return
		}
		last = string(out)
	}
	ts.Fatalf("%q did not come: %s", args[0], last)
}

// capture puts the first submatch of a pattern in the last output into a variable: capture NAME PATTERN
func capture(ts *testscript.TestScript, _ bool, args []string) {
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) < 2 {
		ts.Fatalf("nothing matches %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// sqlite runs statements in a database file, which it makes: sqlite FILE STATEMENT...
func sqlite(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	for _, q := range args[1:] {
		_, err := db.Exec(q)
		ts.Check(err)
	}
	ts.Check(db.Close())
}

// counts asks a database file for a number: counts FILE QUERY N
func counts(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	n := ""
	ts.Check(db.QueryRow(args[1]).Scan(&n))
	if n != args[2] {
		ts.Fatalf("%s gives %s, want %s", args[1], n, args[2])
	}
}
