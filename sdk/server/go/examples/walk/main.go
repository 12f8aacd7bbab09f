// A teacher splits a class: the worked example of docs/rpc.md with the SDK, run in the repository's root.
// SIDEROOM_URL, SIDEROOM_KEY and SIDEROOM_SECRET say where the server is. It ends with `ok`.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	sideroom "github.com/sideroom/sideroom/sdk/server/go"
)

func main() {
	log.SetFlags(0)
	// No step takes so long: an event that does not come ends the program.
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	client := must(sideroom.New(sideroom.Config{}))
	room := fmt.Sprintf("sdk-go-%d-%d", os.Getpid(), time.Now().UnixNano())
	must(client.Rooms.CreateRoom(ctx, &sideroom.CreateRoomRequest{Room: room}))
	watch := must(client.Watch(ctx, room, sideroom.WatchOptions{}))
	defer watch.Close()
	lesson := lesson{ctx, client, watch, room}
	lesson.walk()
	fmt.Println("ok")
}

type lesson struct {
	ctx    context.Context
	client *sideroom.Client
	watch  *sideroom.Watch
	room   string
}

// person is somebody in the room, and a client that acts as they do.
type person struct {
	id string
	as *sideroom.Client
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// expect waits for an event of this type that fits.
func (l *lesson) expect(kind string, fits func(*sideroom.Event) bool) {
	for l.watch.Next() {
		event := l.watch.Item().Event
		if event != nil && event.Type == kind && fits(event) {
			fmt.Println("  event", kind)
			return
		}
	}
	log.Fatalf("the watch ended before %s: %v", kind, l.watch.Err())
}

// join joins for somebody, as a gateway of the app's own would.
func (l *lesson) join(identity string, role sideroom.Role) person {
	token := must(l.client.ClientToken(sideroom.ClientToken{Room: l.room, Identity: identity, Role: role}))
	joined := must(l.client.Participants.Join(l.ctx, &sideroom.JoinRequest{
		Room:        l.room,
		ClientToken: token,
		// As a browser would make it.
		Offer: string(must(os.ReadFile("docs/examples/offer.sdp"))),
		Tracks: []*sideroom.TrackHint{
			{Mid: "0", Kind: sideroom.TrackKindAudio},
			{Mid: "1", Kind: sideroom.TrackKindScreen},
		},
	}))
	return person{joined.ParticipantID, l.client.WithToken(token)}
}

func (l *lesson) walk() {
	teacher := l.join("teacher", sideroom.RoleModerator)
	ann := l.join("ann", sideroom.RoleParticipant)
	bob := l.join("bob", sideroom.RoleParticipant)
	red, blue := l.create(teacher)
	l.invite(ann, bob, red)
	l.gates(ann)
	l.moveAndTalk(teacher, ann, bob, blue)
	l.timer(ann)
	l.destroy()
}

func (l *lesson) create(teacher person) (red, blue string) {
	fmt.Println("create, twice with one request id")
	request := &sideroom.CreateBreakoutsRequest{
		RequestID: "breakouts",
		Definition: &sideroom.BreakoutDefinition{
			MaxRooms:     2,
			Participants: sideroom.Ptr(int64(4)),
			Media:        &sideroom.MediaFlags{Audio: true, Screen: true},
			Names:        []string{"Red", "Blue"},
		},
	}
	made := must(teacher.as.Breakouts.CreateBreakouts(l.ctx, request))
	if !must(teacher.as.Breakouts.CreateBreakouts(l.ctx, request)).Answer.Replayed {
		log.Fatal("the same request made breakouts twice")
	}
	wrong := &sideroom.CreateBreakoutsRequest{Room: l.room, Definition: &sideroom.BreakoutDefinition{MaxRooms: 1}}
	if _, err := l.client.Breakouts.CreateBreakouts(l.ctx, wrong); !errors.Is(err, sideroom.ReasonParticipantCountMissing) {
		log.Fatal("a definition without participants: ", err)
	}
	return made.Breakouts[0].ID, made.Breakouts[1].ID
}

func (l *lesson) invite(ann, bob person, red string) {
	fmt.Println("invite, decline, invite, join")
	invite := &sideroom.InviteRequest{Room: l.room, BreakoutID: red, ParticipantIDs: []string{ann.id, bob.id}}
	must(l.client.Breakouts.Invite(l.ctx, invite))
	l.expect("invitationReceived", func(e *sideroom.Event) bool { return e.InvitationReceived.ParticipantID == bob.id })
	must(bob.as.Breakouts.RejectInvite(l.ctx, &sideroom.RejectInviteRequest{BreakoutID: red}))
	l.expect("invitationRejected", func(e *sideroom.Event) bool { return e.InvitationRejected.ParticipantID == bob.id })
	take := &sideroom.MediaFlags{Audio: true}
	must(ann.as.Breakouts.JoinBreakout(l.ctx, &sideroom.JoinBreakoutRequest{StreamInfo: take}))
	l.expectMove(ann.id, red, sideroom.MoveReasonJoined)
	force := &sideroom.InviteRequest{Room: l.room, BreakoutID: red, ParticipantIDs: []string{bob.id}, ForceJoin: true}
	must(l.client.Breakouts.Invite(l.ctx, force))
	l.expectMove(bob.id, red, sideroom.MoveReasonForced)
}

func (l *lesson) expectMove(who, to string, reason sideroom.MoveReason) {
	l.expect("participantMoved", func(e *sideroom.Event) bool {
		moved := e.ParticipantMoved
		return moved.ParticipantID == who && moved.ToGroupID == to && moved.Reason == reason
	})
}

func (l *lesson) gates(ann person) {
	fmt.Println("pause, resume and mute the parent")
	for _, paused := range []bool{true, false} {
		must(ann.as.Participants.SetParentGate(l.ctx, &sideroom.SetParentGateRequest{Paused: sideroom.Ptr(paused)}))
	}
	l.expect("parentGateChanged", func(e *sideroom.Event) bool { return !e.ParentGateChanged.Gate.Paused })
	kinds := []sideroom.TrackKind{sideroom.TrackKindAudio}
	must(l.client.Participants.Mute(l.ctx, &sideroom.MuteRequest{Room: l.room, ParticipantID: ann.id, Kinds: kinds}))
	l.expect("muteChanged", func(e *sideroom.Event) bool { return len(e.MuteChanged.ByModerator) == 1 })
}

func (l *lesson) moveAndTalk(teacher, ann, bob person, blue string) {
	fmt.Println("move, message, help")
	moves := []*sideroom.MoveTarget{{ParticipantID: ann.id, ToGroupID: blue}, {ParticipantID: bob.id, ToGroupID: blue}}
	must(l.client.Breakouts.MoveParticipants(l.ctx, &sideroom.MoveParticipantsRequest{Room: l.room, Moves: moves}))
	l.expectMove(bob.id, blue, sideroom.MoveReasonMoved)
	text := "two minutes left"
	must(l.client.Rooms.SendMessage(l.ctx, &sideroom.SendMessageRequest{Room: l.room, Text: text, AllGroups: true}))
	l.expect("messageSent", func(e *sideroom.Event) bool { return e.MessageSent.Text == text })
	must(ann.as.Breakouts.RaiseHelp(l.ctx, &sideroom.RaiseHelpRequest{Text: "we are stuck"}))
	l.expect("helpChanged", func(e *sideroom.Event) bool { return e.HelpChanged.Raised })
	answer := &sideroom.AnswerHelpRequest{ParticipantID: ann.id, Text: "coming"}
	must(teacher.as.Breakouts.AnswerHelp(l.ctx, answer))
	l.expect("helpChanged", func(e *sideroom.Event) bool { return e.HelpChanged.AnsweredBy == teacher.id })
}

func (l *lesson) timer(ann person) {
	fmt.Println("the timer")
	settings := &sideroom.BreakoutSettingsPatch{
		EndsAtMs:   sideroom.Ptr(uint64(time.Now().Add(3 * time.Second).UnixMilli())),
		EndGraceMs: sideroom.Ptr(uint32(300)),
	}
	must(l.client.Breakouts.UpdateSettings(l.ctx, &sideroom.UpdateSettingsRequest{Room: l.room, Settings: settings}))
	l.expect("timerTicked", func(e *sideroom.Event) bool { return e.TimerTicked.InGrace })
	l.expectMove(ann.id, "parent", sideroom.MoveReasonTimeUp)
}

func (l *lesson) destroy() {
	fmt.Println("destroy")
	must(l.client.Breakouts.DestroyBreakouts(l.ctx, &sideroom.DestroyBreakoutsRequest{Room: l.room}))
	l.expect("breakoutsDestroyed", func(e *sideroom.Event) bool { return len(e.BreakoutsDestroyed.BreakoutIDs) == 2 })
	must(l.client.Rooms.DeleteRoom(l.ctx, &sideroom.DeleteRoomRequest{Room: l.room}))
	l.expect("roomClosed", func(*sideroom.Event) bool { return true })
}
