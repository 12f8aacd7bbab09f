package sideroom_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	sideroom "github.com/sideroom/sideroom/sdk/server/go"
)

const (
	snapshotLine = `{"snapshot":{"name":"math","seq":"4"}}` + "\n"
	closedLine   = `{"event":{"seq":"9","type":"roomClosed","roomClosed":{}}}` + "\n"
	tooSlowLine  = `{"error":{"code":"RESOURCE_EXHAUSTED","reason":"TooSlow","message":"slow"}}` + "\n"
)

func eventLine(seq int) string {
	return fmt.Sprintf(`{"event":{"seq":"%d","type":"messageSent","messageSent":{"text":"a\u2028b"}}}`, seq) + "\n"
}

// breaks sends these bytes in pieces, and loses the connection.
func breaks(body string, size int) reply {
	return func(w http.ResponseWriter) {
		for begin := 0; begin < len(body); begin += size {
			end := begin + size
			if end > len(body) {
				end = len(body)
			}
			fmt.Fprint(w, body[begin:end])
			w.(http.Flusher).Flush()
		}
		panic(http.ErrAbortHandler)
	}
}

// watched returns what a watch tells over these connections, and after which numbers it asked for them.
func watched(t *testing.T, replies ...reply) (types []string, after []string, err error) {
	t.Helper()
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var body struct{ AfterSeq string }
		_ = json.NewDecoder(request.Body).Decode(&body)
		mu.Lock()
		after = append(after, body.AfterSeq)
		reply := replies[0]
		replies = replies[1:]
		mu.Unlock()
		reply(w)
	}))
	defer server.Close()
	client := newClient(t, sideroom.Config{URL: server.URL, Secret: secret})
	watch, err := client.Watch(context.Background(), "math", sideroom.WatchOptions{})
	if err != nil {
		return nil, after, err
	}
	defer watch.Close()
	for watch.Next() {
		if item := watch.Item(); item.Event != nil {
			types = append(types, item.Event.Type)
		} else {
			types = append(types, "snapshot")
		}
	}
	mu.Lock()
	defer mu.Unlock()
	return types, after, watch.Err()
}

func TestWatchOverConnections(t *testing.T) {
	gone := said(400, "OUT_OF_RANGE", "OutOfRange", "")
	missing := said(404, "NOT_FOUND", "NotFound", "")
	newer := `{"event":{"seq":"5","type":"brandNew","brandNew":{},"more":1}}` + "\n"
	for name, test := range map[string]struct {
		connections []reply
		types       string
		after       []string
	}{
		"cut after the last whole line": {
			[]reply{breaks(snapshotLine+eventLine(5)+eventLine(6)[:20], 1000), breaks(eventLine(6)+closedLine, 1000)},
			"snapshot messageSent messageSent roomClosed", []string{"", "5"},
		},
		"an event that comes again": {
			[]reply{breaks(snapshotLine+eventLine(5), 1000), breaks(eventLine(5)+eventLine(6)+closedLine, 1000)},
			"snapshot messageSent messageSent roomClosed", []string{"", "5"},
		},
		"too slow": {
			[]reply{text(200, snapshotLine+eventLine(5)+tooSlowLine), breaks(closedLine, 1000)},
			"snapshot messageSent roomClosed", []string{"", "5"},
		},
		"no longer kept": {
			[]reply{breaks(snapshotLine+eventLine(5), 1000), gone, breaks(snapshotLine+closedLine, 1000)},
			"snapshot messageSent snapshot roomClosed", []string{"", "5", ""},
		},
		"newer items and fields": {
			[]reply{breaks(snapshotLine+`{"brandNew":{}}`+"\n"+newer+closedLine, 1000)},
			"snapshot brandNew roomClosed", []string{""},
		},
		"an end in good order": {
			[]reply{text(200, snapshotLine), missing}, "snapshot", []string{"", "4"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			types, after, err := watched(t, test.connections...)
			must(t, err)
			if strings.Join(types, " ") != test.types || !reflect.DeepEqual(after, test.after) {
				t.Fatal(types, after)
			}
		})
	}
}

func TestItemsDoNotDependOnHowTheBytesAreCut(t *testing.T) {
	for _, size := range []int{1, 2, 3, 7, 1000} {
		types, _, err := watched(t, breaks(snapshotLine+"\n\n"+eventLine(5)+eventLine(6)+closedLine, size))
		must(t, err)
		if len(types) != 4 {
			t.Fatal(size, types)
		}
	}
}

func TestRoomThatIsLostWithTheServerIsAnError(t *testing.T) {
	_, _, err := watched(t, breaks(snapshotLine, 1000), said(404, "NOT_FOUND", "NotFound", ""))
	if !errors.Is(err, sideroom.ReasonNotFound) {
		t.Fatal(err)
	}
}

func TestWatchThatNeverStoodFailsAsACallDoes(t *testing.T) {
	server := httptest.NewServer(&script{replies: []reply{said(503, "UNAVAILABLE", "Draining", "")}})
	defer server.Close()
	client := newClient(t, sideroom.Config{URL: server.URL, Secret: secret, Timeout: 300 * time.Millisecond})
	_, err := client.Watch(context.Background(), "math", sideroom.WatchOptions{})
	if !errors.Is(err, sideroom.ReasonDraining) {
		t.Fatal(err)
	}
}
