package local

import (
	"os"
	"strconv"
	"testing"

	"github.com/fsnotify/fsnotify"
)

// TestLostEvents loses events in the two ways there are: both are told, and wake who waits.
func TestLostEvents(t *testing.T) {
	for name, lose := range map[string]func(w *watch){
		"queue of the kernel": func(w *watch) { w.w.Errors <- fsnotify.ErrEventOverflow },
		"names not looked at": func(w *watch) {
			for i := range maxHints + 1 {
				w.hint(strconv.Itoa(i) + ".json")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			wake := make(chan struct{}, 1)
			w, err := (&Place{Dir: t.TempDir()}).Watch(wake, func(string) bool { return true })
			if err != nil {
				t.Fatal(err)
			}
			defer w.Stop()
			if names, lost := w.Take(); lost || len(names) > 0 {
				t.Fatalf("before: %v, lost %v", names, lost)
			}
			lose(w.(*watch))
			<-wake
			if _, lost := w.Take(); !lost {
				t.Error("nothing is called lost")
			}
		})
	}
}

// TestAnotherFolder: a folder that was made anew has to be watched anew, and one that is gone.
func TestAnotherFolder(t *testing.T) {
	dir := t.TempDir() + "/in"
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w, err := (&Place{Dir: dir}).Watch(make(chan struct{}, 1), func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	if w.Stale() {
		t.Error("stale at once")
	}
	if err := os.Remove(dir); err != nil || !w.Stale() {
		t.Errorf("not stale once the folder is gone (%v)", err)
	}
}
