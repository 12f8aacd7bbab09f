package sideroom_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sideroom "github.com/sideroom/sideroom/sdk/server/go"
)

const (
	secret = "0123456789abcdef0123456789abcdef"
	root   = "../../.."
	// Long enough for a machine that is many times slower.
	patience = 2 * time.Minute
)

// server is a real one: killed as by a power cut, and started again on the same port and store.
type server struct {
	t      *testing.T
	folder string
	port   string
	child  *exec.Cmd
}

func startServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, folder: t.TempDir(), port: "0"}
	t.Cleanup(s.kill)
	s.start()
	return s
}

// start waits until it serves. Its port may be somebody else's for a moment: then it is tried again.
func (s *server) start() {
	for deadline := time.Now().Add(patience); !s.started(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Error("the server does not start")
			return
		}
	}
}

func (s *server) started() bool {
	target := os.Getenv("CARGO_TARGET_DIR")
	if target == "" {
		target = "target"
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(root, target)
	}
	store := filepath.Join(s.folder, "rooms.redb")
	s.child = exec.Command(filepath.Join(target, "release/sideroom"), "serve", "--dev", "--workers", "1", "--store", store)
	s.child.Env = []string{
		"SIDEROOM_HTTP_LISTEN=127.0.0.1:" + s.port,
		"SIDEROOM_GRPC_LISTEN=127.0.0.1:0",
		"SIDEROOM_ADMIN_LISTEN=127.0.0.1:0",
		"SIDEROOM_AUTH_KEYS=app:" + secret,
		"SIDEROOM_MEDIA_FIRST_PORT=0",
		"SIDEROOM_LOG_LEVEL=error",
	}
	out, err := s.child.StdoutPipe()
	if err == nil {
		err = s.child.Start()
	}
	if err != nil {
		s.t.Errorf("the server cannot be started: %v", err)
		return true
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		switch name {
		case "http":
			s.port = value[strings.LastIndex(value, ":")+1:]
		case "store":
			return true
		}
	}
	s.kill()
	return false
}

func (s *server) kill() {
	if s.child != nil && s.child.Process != nil {
		_ = s.child.Process.Kill()
		_ = s.child.Wait()
		s.child = nil
	}
}

func (s *server) url() string { return "http://127.0.0.1:" + s.port }

func (s *server) client() *sideroom.Client {
	return newClient(s.t, sideroom.Config{URL: s.url(), Key: "app", Secret: secret, Timeout: patience})
}

func newClient(t *testing.T, config sideroom.Config) *sideroom.Client {
	t.Helper()
	client, err := sideroom.New(config)
	must(t, err)
	return client
}

func createRoom(t *testing.T, client *sideroom.Client, room string) {
	t.Helper()
	_, err := client.Rooms.CreateRoom(context.Background(), &sideroom.CreateRoomRequest{Room: room})
	must(t, err)
}

// change changes the grace. Not a text message: no text is kept, so after a restart a snapshot stands for it.
func change(client *sideroom.Client, room string, number int) error {
	settings := &sideroom.BreakoutSettingsPatch{EndGraceMs: sideroom.Ptr(uint32(number))}
	request := &sideroom.UpdateSettingsRequest{Room: room, Settings: settings}
	_, err := client.Breakouts.UpdateSettings(context.Background(), request)
	return err
}

// numberOf gives the grace that an item tells, -1 if it is about something else.
func numberOf(item *sideroom.WatchResponse) int {
	if item == nil || item.Event == nil || item.Event.SettingsChanged == nil {
		return -1
	}
	return int(item.Event.SettingsChanged.Settings.EndGraceMs)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
