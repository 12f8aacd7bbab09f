package sideroom_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheWorkedExample(t *testing.T) {
	server := startServer(t)
	program := filepath.Join(t.TempDir(), "walk")
	if out, err := exec.Command("go", "build", "-o", program, "./examples/walk").CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	walk := exec.Command(program)
	walk.Dir = root
	walk.Env = append(os.Environ(), "SIDEROOM_URL="+server.url(), "SIDEROOM_KEY=app", "SIDEROOM_SECRET="+secret)
	out, err := walk.CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "ok\n") {
		t.Fatalf("%v\n%s", err, out)
	}
}
