package sqldb

import (
	"reflect"
	"testing"
)

// A configuration that is read again and says the same is the same: a reload opens no target anew for nothing.
func TestDefaultsAreEqual(t *testing.T) {
	once, again := Targets(), Targets()
	for i := range once {
		if !reflect.DeepEqual(once[i].Defaults(), again[i].Defaults()) {
			t.Errorf("%s: two defaults differ", once[i].Type)
		}
	}
}
