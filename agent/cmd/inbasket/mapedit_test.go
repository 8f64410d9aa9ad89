//go:build unix

package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var address = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+/[A-Z2-7]{26}/`)

// TestMapEdit starts the page as a person does, and ends it by Ctrl+C.
func TestMapEdit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "m.yaml"), []byte(lspMapping), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("inbasket", "map", "edit", "m.yaml")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	url := address.FindString(line)
	if err != nil || url == "" {
		t.Fatal(line, err)
	}
	for url, want := range map[string]int{url: http.StatusOK, url + "page.js": http.StatusOK, url[:strings.LastIndex(strings.TrimSuffix(url, "/"), "/")+1]: http.StatusNotFound} {
		answer, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != want || strings.Contains(string(body), "lookups") && want != http.StatusOK {
			t.Error(url, answer.Status, string(body))
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error("Ctrl+C is no failure", err)
	}
	for _, args := range [][]string{{"nobody.yaml"}, {"m.yaml", "--form", "nobody.json"}} {
		cmd := exec.Command("inbasket", append([]string{"map", "edit"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "nobody") {
			t.Error(args, string(out), err)
		}
	}
}
