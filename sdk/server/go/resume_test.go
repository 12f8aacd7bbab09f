package sideroom_test

import (
	"context"
	"errors"
	"testing"

	sideroom "github.com/sideroom/sideroom/sdk/server/go"
)

const calls = 120

// The calls during which the server is killed.
var kills = map[int]bool{30: true, 75: true}

func watchRoom(t *testing.T, client *sideroom.Client, room string, options sideroom.WatchOptions) *sideroom.Watch {
	t.Helper()
	watch, err := client.Watch(context.Background(), room, options)
	must(t, err)
	t.Cleanup(watch.Close)
	return watch
}

func next(t *testing.T, watch *sideroom.Watch) *sideroom.WatchResponse {
	t.Helper()
	if !watch.Next() {
		t.Fatalf("the watch ended: %v", watch.Err())
	}
	return watch.Item()
}

func TestWatchGoesOnOverKillsOfTheServer(t *testing.T) {
	server := startServer(t)
	client := server.client()
	createRoom(t, client, "killed")
	watch := watchRoom(t, client, "killed", sideroom.WatchOptions{})
	called := make(chan error, 1)
	go func() { called <- callWhileKilled(server, client) }()

	snapshot := next(t, watch).Snapshot
	if snapshot == nil {
		t.Fatal("no snapshot")
	}
	seq, number := snapshot.Seq, 0
	for number < calls {
		item := next(t, watch)
		if item.Event == nil || item.Event.Seq != seq+1 {
			t.Fatalf("after event %d comes %+v", seq, item)
		}
		seq++
		if told := numberOf(item); told >= 0 {
			if told != number {
				t.Fatalf("change %d is %d", number, told)
			}
			number++
		}
	}
	must(t, <-called)
}

func callWhileKilled(server *server, client *sideroom.Client) error {
	for number := 0; number < calls; number++ {
		sent := make(chan error, 1)
		go func(number int) { sent <- change(client, "killed", number) }(number)
		if kills[number] {
			server.kill()
			server.start()
		}
		if err := <-sent; err != nil {
			return err
		}
	}
	return nil
}

func TestWatchGoesOnInAnotherProcessByItsNumber(t *testing.T) {
	server := startServer(t)
	client := server.client()
	createRoom(t, client, "number")
	first := watchRoom(t, client, "number", sideroom.WatchOptions{})
	next(t, first)
	must(t, change(client, "number", 0))
	next(t, first)
	first.Close()
	must(t, change(client, "number", 1))
	server.kill()
	server.start()
	second := watchRoom(t, client, "number", sideroom.WatchOptions{AfterSeq: first.Seq()})
	if told := numberOf(next(t, second)); told != 1 {
		t.Fatal(told)
	}
}

func TestUnknownNumberGivesASnapshot(t *testing.T) {
	client := startServer(t).client()
	createRoom(t, client, "unknown")
	watch := watchRoom(t, client, "unknown", sideroom.WatchOptions{AfterSeq: sideroom.Ptr(uint64(1_000_000_000))})
	if next(t, watch).Snapshot == nil {
		t.Fatal("no snapshot")
	}
}

func TestWatchEndsWithItsRoomCloseAndContext(t *testing.T) {
	client := startServer(t).client()
	createRoom(t, client, "ends")
	ctx, cancel := context.WithCancel(context.Background())
	cancelled, err := client.Watch(ctx, "ends", sideroom.WatchOptions{})
	must(t, err)
	closed := watchRoom(t, client, "ends", sideroom.WatchOptions{})
	ended := watchRoom(t, client, "ends", sideroom.WatchOptions{})
	for _, watch := range []*sideroom.Watch{cancelled, closed, ended} {
		next(t, watch)
	}
	check := func(watch *sideroom.Watch, end func(), wanted error) {
		t.Helper()
		done := make(chan bool)
		go func() { done <- watch.Next() }()
		end()
		if <-done || !errors.Is(watch.Err(), wanted) {
			t.Fatalf("ended with %v", watch.Err())
		}
	}
	check(cancelled, cancel, context.Canceled)
	check(closed, closed.Close, nil)
	_, err = client.Rooms.DeleteRoom(context.Background(), &sideroom.DeleteRoomRequest{Room: "ends"})
	must(t, err)
	if next(t, ended).Event.RoomClosed == nil || ended.Next() || ended.Err() != nil {
		t.Fatalf("ended with %v", ended.Err())
	}
}
