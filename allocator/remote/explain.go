package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/allocationpb"
)

// maxAsks is how many questions may wait for the policy.
const maxAsks = 16

// kinds are the kinds of errors that an answer can have; others are UNKNOWN.
var kinds = map[mesos.Kind]allocationpb.Answer_Kind{
	mesos.Invalid:     allocationpb.Answer_INVALID,
	mesos.NotFound:    allocationpb.Answer_NOT_FOUND,
	mesos.Unsupported: allocationpb.Answer_UNSUPPORTED,
	mesos.Unavailable: allocationpb.Answer_UNAVAILABLE,
}

// take accepts a question, or says that there are too many.
func (s *serving) take(ask *allocationpb.Ask) {
	select {
	case s.asks <- ask:
	default:
		s.answer(ask, nil, mesos.Errorf(mesos.Unavailable, "explain: the allocator has too many questions to answer"))
	}
}

// answerAll asks the policy, one question after the other, until the context ends.
func (s *serving) answerAll(ctx context.Context) {
	for {
		select {
		case ask := <-s.asks:
			if ask.GetMetrics() {
				s.reply(ask, s.count(ctx))
				continue
			}
			list, err := s.explain(ctx, ask)
			s.answer(ask, list, err)
		case <-ctx.Done():
			return
		}
	}
}

func (s *serving) explain(ctx context.Context, ask *allocationpb.Ask) ([]allocation.Explanation, error) {
	policy, ok := s.policy.(allocation.Explainer)
	if !ok {
		return nil, mesos.Errorf(mesos.Unsupported, "explain: the policy %s can't say why", s.cfg.Policy)
	}
	framework, agent := mesos.FrameworkID(ask.GetFrameworkId().GetValue()), mesos.AgentID(ask.GetAgentId().GetValue())
	return allocation.Explain(policy, framework, ask.GetRole(), agent, func(do func()) bool { return s.loop.Inspect(ctx, do) })
}

func (s *serving) answer(ask *allocationpb.Ask, list []allocation.Explanation, err error) {
	a := &allocationpb.Answer{}
	if err == nil {
		a.Explanations, err = json.Marshal(list)
	}
	if err != nil {
		a.Error = &allocationpb.Answer_Error{Kind: kinds[mesos.KindOf(err)].Enum(), Message: new(err.Error())}
	}
	s.reply(ask, a)
}

func (s *serving) reply(ask *allocationpb.Ask, a *allocationpb.Answer) {
	a.Id = ask.Id
	s.conn.Send(&allocationpb.ToMaster{Message: &allocationpb.ToMaster_Answer{Answer: a}})
}

// Explain asks the allocator why a framework is or isn't offered what agents
// have; in all of its roles if role is "", of all agents if agent is "".
func (c *Client) Explain(ctx context.Context, framework mesos.FrameworkID, role string, agent mesos.AgentID) ([]allocation.Explanation, error) {
	s := c.session()
	if s == nil {
		return nil, mesos.Errorf(mesos.Unavailable, "explain: the allocator is not connected")
	}
	ask := &allocationpb.Ask{FrameworkId: frameworkID(framework)}
	if role != "" {
		ask.Role = &role
	}
	if agent != "" {
		ask.AgentId = agentID(agent)
	}
	a, err := s.ask(ctx, ask)
	if err != nil {
		return nil, mesos.Errorf(mesos.Unavailable, "explain: %w", err)
	}
	return readAnswer(a)
}

func (c *Client) session() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// ask asks the allocator, and waits for its answer.
func (s *session) ask(ctx context.Context, ask *allocationpb.Ask) (*allocationpb.Answer, error) {
	answers := make(chan *allocationpb.Answer, 1)
	id := s.expect(answers)
	defer s.forget(id)
	ask.Id = &id
	s.conn.Send(&allocationpb.ToAllocator{Message: &allocationpb.ToAllocator_Ask{Ask: ask}})
	select {
	case a := <-answers:
		return a, nil
	case <-s.over:
		return nil, errors.New("the allocator was lost")
	case <-ctx.Done():
		return nil, fmt.Errorf("the allocator did not answer: %w", context.Cause(ctx))
	}
}

func readAnswer(a *allocationpb.Answer) (list []allocation.Explanation, err error) {
	if e := a.GetError(); e != nil {
		for kind, wire := range kinds {
			if wire == e.GetKind() {
				return nil, mesos.Errorf(kind, "%s", e.GetMessage())
			}
		}
		return nil, mesos.Errorf(mesos.Internal, "%s", e.GetMessage())
	}
	if err := json.Unmarshal(a.GetExplanations(), &list); err != nil {
		return nil, mesos.Errorf(mesos.Internal, "explain: the allocator's answer: %w", err)
	}
	return list, nil
}

// expect makes room for an answer and returns its number.
func (s *session) expect(answers chan<- *allocationpb.Answer) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	s.answers[s.asked] = answers
	return s.asked
}

func (s *session) forget(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.answers, id)
}

// answered hands an answer to who asked, if it still waits.
func (s *session) answered(a *allocationpb.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if answers := s.answers[a.GetId()]; answers != nil {
		delete(s.answers, a.GetId())
		answers <- a
	}
}
