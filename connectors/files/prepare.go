package files

import (
	"os"
	"time"
)

// prepare makes the folders for what is finished and finds out whether the folder's clock is ours.
func (s *source) prepare() error {
	for _, d := range []string{s.errs, s.done} {
		if d == "" {
			continue
		}
		if _, err := os.Stat(s.dir); err != nil {
			return folderError("open the in-basket folder", err)
		}
		if err := os.MkdirAll(d, 0o770); err != nil {
			return folderError("create the done and error folders", err)
		}
	}
	if err := s.claim(); err != nil {
		return err
	}
	if err := s.finishMoves(); err != nil {
		return err
	}
	s.next.trusted = s.probeClock()
	s.next.own = ownFileSystem(s.dir)
	s.next.prepared = true
	return nil
}

// clockTolerance is how far the folder's clock and the agent's may differ.
const clockTolerance = time.Second

// probeClock writes a hidden file and compares its time with the agent's: a share's server may live in
// another minute, and then the age of a file says nothing about whether somebody still writes it.
func (s *source) probeClock() bool {
	f, err := os.CreateTemp(s.dir, ".inbasket-probe-*")
	if err != nil {
		return false
	}
	fi, err := f.Stat()
	_ = f.Close()
	_ = os.Remove(f.Name())
	if err != nil {
		return false
	}
	tolerance := clockTolerance
	if s.cfg.Quiet > 0 {
		tolerance = min(tolerance, s.cfg.Quiet/2)
	}
	return fi.ModTime().Sub(s.env.Clock.Now()).Abs() <= tolerance
}
