package sideroom_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	sideroom "github.com/sideroom/sideroom/sdk/server/go"
)

type reply func(http.ResponseWriter)

func said(status int, code, reason, more string) reply {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":{"code":%q,"reason":%q,"message":"so it is"%s}}`, code, reason, more)
	}
}

func text(status int, body string) reply {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// broken loses the connection.
func broken(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// script gives one reply after the other, the last one for ever, and remembers the request ids.
type script struct {
	mu      sync.Mutex
	replies []reply
	ids     []string
}

func (s *script) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var body struct{ RequestID string }
	_ = json.NewDecoder(request.Body).Decode(&body)
	s.mu.Lock()
	s.ids = append(s.ids, body.RequestID)
	reply := s.replies[0]
	if len(s.replies) > 1 {
		s.replies = s.replies[1:]
	}
	s.mu.Unlock()
	reply(w)
}

// mute calls a server that replies so.
func mute(t *testing.T, timeout time.Duration, replies ...reply) (*sideroom.MuteResponse, []string, error) {
	t.Helper()
	script := &script{replies: replies}
	server := httptest.NewServer(script)
	defer server.Close()
	client := newClient(t, sideroom.Config{URL: server.URL, Secret: secret, Timeout: timeout})
	answer, err := client.Participants.Mute(context.Background(), &sideroom.MuteRequest{Room: "math"})
	script.mu.Lock()
	defer script.mu.Unlock()
	return answer, script.ids, err
}

func TestWhatMayBeRepeatedIsWithTheSameID(t *testing.T) {
	ok := text(200, `{"answer":{"epoch":"3","seq":"9","replayed":true},"newer":1}`)
	for name, first := range map[string]reply{
		"overloaded":        said(503, "UNAVAILABLE", "Overloaded", ""),
		"too many calls":    said(429, "RESOURCE_EXHAUSTED", "RateLimited", `,"retryAfterMs":20`),
		"a lost connection": broken,
		"a bad gateway":     text(502, "<html>"),
	} {
		t.Run(name, func(t *testing.T) {
			answer, ids, err := mute(t, time.Minute, first, first, ok)
			must(t, err)
			if *answer.Answer != (sideroom.Answer{Epoch: 3, Seq: 9, Replayed: true}) {
				t.Fatalf("%+v", answer.Answer)
			}
			if len(ids) != 3 || ids[0] == "" || ids[0] != ids[1] || ids[1] != ids[2] {
				t.Fatal(ids)
			}
		})
	}
}

func TestWhatMayNotBeRepeatedIsNot(t *testing.T) {
	for name, reply := range map[string]reply{
		"a closed breakout":              said(400, "FAILED_PRECONDITION", "BreakoutClosed", ""),
		"a full room":                    said(429, "RESOURCE_EXHAUSTED", "RoomFull", ""),
		"an epoch that is over":          said(409, "ABORTED", "EpochMismatch", `,"currentEpoch":"12"`),
		"a bad token":                    said(401, "UNAUTHENTICATED", "Unauthenticated", ""),
		"a mistake of the server":        said(500, "INTERNAL", "Internal", ""),
		"a page":                         text(200, "<html>"),
		"a page that is missing":         text(404, "<html>"),
		"a limit that outlasts the call": said(429, "RESOURCE_EXHAUSTED", "RateLimited", `,"retryAfterMs":3600000`),
	} {
		t.Run(name, func(t *testing.T) {
			_, ids, err := mute(t, time.Minute, reply)
			var failed *sideroom.Error
			if !errors.As(err, &failed) || len(ids) != 1 {
				t.Fatal(err, ids)
			}
		})
	}
}

func TestCallGivesUpWhenItsTimeIsUp(t *testing.T) {
	_, _, err := mute(t, 400*time.Millisecond, broken)
	if !errors.Is(err, sideroom.ReasonNoAnswer) {
		t.Fatal(err)
	}
}

func TestServerThatNeverAnswersIsLeft(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	client := newClient(t, sideroom.Config{URL: server.URL, Secret: secret})
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := client.Rooms.ListRooms(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	cancel()
	if _, err := client.Rooms.ListRooms(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestErrorsCarryAllCodes(t *testing.T) {
	codes := `,"enablexCode":1731,"acsCode":412,"acsSubcode":46256`
	_, _, err := mute(t, time.Minute, said(400, "FAILED_PRECONDITION", "BreakoutClosed", codes))
	var failed *sideroom.Error
	if !errors.As(err, &failed) || !errors.Is(err, sideroom.ReasonBreakoutClosed) {
		t.Fatal(err)
	}
	if failed.EnablexCode != 1731 || failed.AcsCode != 412 || failed.AcsSubcode != 46256 || failed.Status != 400 {
		t.Fatalf("%+v", failed)
	}
}

func TestTheServersOwnErrorsAndNumbers(t *testing.T) {
	ctx, client := context.Background(), startServer(t).client()
	_, err := client.Rooms.GetRoom(ctx, &sideroom.GetRoomRequest{Room: "nowhere"})
	if !errors.Is(err, sideroom.ReasonNotFound) {
		t.Fatal(err)
	}
	createRoom(t, client, "own")
	request := &sideroom.SetDrainingRequest{Room: "own", Draining: true, ExpectedEpoch: sideroom.Ptr(uint64(99))}
	_, err = client.Rooms.SetDraining(ctx, request)
	var failed *sideroom.Error
	if !errors.As(err, &failed) || failed.CurrentEpoch == nil || *failed.CurrentEpoch != 0 {
		t.Fatal(err)
	}
	made, err := client.Breakouts.CreateAndInvite(ctx, &sideroom.CreateAndInviteRequest{
		Room:       "own",
		Definition: &sideroom.BreakoutDefinition{MaxRooms: 1, Participants: sideroom.Ptr(int64(4))},
		Seed:       sideroom.Ptr(uint64(math.MaxUint64)),
	})
	must(t, err)
	if *made.Seed != math.MaxUint64 || made.Breakouts[0].Capacity != 4 {
		t.Fatalf("%+v", made)
	}
}

func TestTokensOpenWhatTheySay(t *testing.T) {
	ctx, server := context.Background(), startServer(t)
	narrow := newClient(t, sideroom.Config{URL: server.url(), Key: "app", Secret: secret, Scopes: []string{"watch"}})
	if _, err := narrow.Rooms.ListRooms(ctx, nil); !errors.Is(err, sideroom.ReasonPermissionDenied) {
		t.Fatal(err)
	}
	stranger := newClient(t, sideroom.Config{URL: server.url(), Key: "app", Secret: strings.Repeat("x", 32)})
	if _, err := stranger.Rooms.ListRooms(ctx, nil); !errors.Is(err, sideroom.ReasonUnauthenticated) {
		t.Fatal(err)
	}
	key, err := sideroom.NewKey("app", secret)
	must(t, err)
	for _, form := range []string{"%v", "%+v", "%#v", "%s"} {
		if strings.Contains(fmt.Sprintf(form, key), secret) || strings.Contains(fmt.Sprintf(form, *key), secret) {
			t.Fatal(form)
		}
	}
	if _, err := sideroom.NewKey("app", "short"); err == nil {
		t.Fatal("a short secret passes")
	}
}
