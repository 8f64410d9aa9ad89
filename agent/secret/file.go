package secret

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/inbasket/inbasket/connectors/durable"
)

// maxStore bounds a file with secrets, in bytes.
const maxStore = 1 << 20

// readBounded reads a file that is not larger than a file with secrets can be.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxStore+1))
	if err == nil && len(b) > maxStore {
		err = errors.New("larger than 1 MiB")
	}
	return b, err
}

// replace writes a file so that after a crash it is either the old or the new one. Mode and owner of the
// old one stay; a new one belongs to the group of its folder, so that the service's account can read what
// root wrote, and nobody else.
func replace(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".secret-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = adopt(f.Name(), path); err != nil {
		return err
	}
	if err = durable.Rename(f.Name(), path); err != nil {
		return err
	}
	return durable.SyncDir(dir)
}
