package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/diag"
)

// partsDir is the folder beside the configuration file that holds further parts of it.
const partsDir = "conf.d"

// partSections are what a file in conf.d may hold: lists of named entries. What there is only one of stands
// in the main file.
func partSections() []string {
	return []string{"inbaskets", "targets", "results", "front-offices", "routes"}
}

// sources is a configuration as it lies on disk: the main file with the parts in conf.d added to it.
type sources struct {
	file     *diag.File
	paths    []string // of all files that were read, absolute, the main one first
	hooked   []*diag.File
	problems diag.Problems
	warnings diag.Problems
}

// read parses the main file and everything in conf.d beside it, by name. path is what problems call it.
func read(path, dir string, src []byte) *sources {
	s := &sources{}
	s.file, s.problems = diag.Parse(path, src)
	s.hooked = []*diag.File{s.file}
	s.paths = []string{filepath.Join(dir, filepath.Base(path))}
	entries, err := os.ReadDir(filepath.Join(dir, partsDir))
	shown := filepath.Join(filepath.Dir(path), partsDir) // as the main file was named
	if errors.Is(err, fs.ErrNotExist) {
		return s
	}
	if err != nil {
		s.problems = append(s.problems, unreadable(shown, err))
	}
	for _, e := range entries { // by name
		s.part(filepath.Join(shown, e.Name()), filepath.Join(dir, partsDir, e.Name()))
	}
	return s
}

// part adds one file of conf.d.
func (s *sources) part(shown, abs string) {
	name := filepath.Base(abs)
	switch {
	case leftover(name):
		return
	case filepath.Ext(name) != ".yaml":
		s.warnings = append(s.warnings, diag.Problem{File: shown, Code: CodePart, Message: "this is not read: only files whose names end in .yaml are",
			Suggestion: "rename it, or move it out of " + partsDir})
		return
	}
	info, err := os.Stat(abs)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no file")
	}
	var src []byte
	if err == nil {
		src, err = os.ReadFile(abs)
	}
	if err != nil {
		s.problems = append(s.problems, unreadable(shown, err))
		return
	}
	file, problems := diag.Parse(shown, src)
	s.problems = append(s.problems, problems...)
	s.problems = append(s.problems, s.file.Include(file, partSections())...)
	s.hooked = append(s.hooked, file)
	s.paths = append(s.paths, abs)
}

// hook sets the hooks of all files.
func (s *sources) hook(h diag.Hooks) {
	for _, f := range s.hooked {
		f.Hooks = h
	}
}

// leftover tells whether a name is what editors and package managers leave behind.
func leftover(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") || strings.HasSuffix(name, "~") {
		return true
	}
	return slices.ContainsFunc([]string{".bak", ".swp", ".swo", ".tmp", ".orig", ".old", ".disabled", ".rpmsave", ".rpmnew", ".rpmorig", ".dpkg-old", ".dpkg-new", ".dpkg-dist", ".ucf-dist"},
		func(end string) bool { return strings.HasSuffix(name, end) })
}

func unreadable(path string, err error) diag.Problem {
	return diag.Problem{File: path, Code: CodeRead, Message: fmt.Sprintf("this part of the configuration cannot be read: %s", reason(err)),
		Suggestion: "let the agent's account read it, or move it out of " + partsDir}
}
