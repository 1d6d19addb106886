package apache

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// Server is a master or an agent of an older version.
type Server struct {
	version Version
	apis    map[string]api
	paths   []string // that are as they are
	proxy   *httputil.ReverseProxy
	// talks has the containers that can be attached to; nil: it is no agent.
	talks *talks
}

// api is one of the v1 APIs.
type api struct {
	name   string // of its calls, in errors
	call   func() wire.Message
	answer func() wire.Message
	// streams is what the streams consist of that calls are answered with.
	streams map[string]func() wire.Message
	// uploads tells that calls may come as a stream.
	uploads bool
}

// Master is the master at a host:port, and Agent the agent there.
func Master(version Version, at string) *Server {
	return serve(version, at, []string{"/master/health"}, map[string]api{
		"/api/v1": {
			name:    "master::Call",
			call:    func() wire.Message { return &masterpb.Call{} },
			answer:  func() wire.Message { return &masterpb.Response{} },
			streams: map[string]func() wire.Message{"SUBSCRIBE": func() wire.Message { return &masterpb.Event{} }},
		},
		"/api/v1/scheduler": {
			name:    "scheduler::Call",
			call:    func() wire.Message { return &schedulerpb.Call{} },
			answer:  func() wire.Message { return &schedulerpb.Response{} },
			streams: map[string]func() wire.Message{"SUBSCRIBE": func() wire.Message { return &schedulerpb.Event{} }},
		},
	})
}

// Agent is the agent at a host:port.
func Agent(version Version, at string) *Server {
	output := func() wire.Message { return &agentpb.ProcessIO{} }
	s := serve(version, at, []string{"/slave(1)/health"}, map[string]api{
		"/api/v1": {
			name:    "agent::Call",
			call:    func() wire.Message { return &agentpb.Call{} },
			answer:  func() wire.Message { return &agentpb.Response{} },
			streams: map[string]func() wire.Message{"ATTACH_CONTAINER_OUTPUT": output, "LAUNCH_NESTED_CONTAINER_SESSION": output},
			uploads: true,
		},
	})
	s.talks = &talks{agent: "http://" + at + "/api/v1"}
	return s
}

// Standby is a master that does not lead: the one at a host:port does.
func Standby(leader string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "//"+leader+r.URL.RequestURI())
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
}

func serve(version Version, at string, paths []string, apis map[string]api) *Server {
	s := &Server{version: version, apis: apis, paths: append(paths, "/files/browse", "/files/read", "/files/download")}
	s.proxy = httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: at})
	s.proxy.FlushInterval = -1
	s.proxy.ErrorLog = log.New(io.Discard, "", 0) // whoever asked has gone
	s.proxy.ModifyResponse = s.translate
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	api, isCall := s.apis[r.URL.Path]
	switch {
	case isCall:
		s.serveCall(w, r, api)
	case slices.Contains(s.paths, r.URL.Path):
		s.proxy.ServeHTTP(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *Server) serveCall(w http.ResponseWriter, r *http.Request, api api) {
	refuse := func(status int, text string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text) // without a line feed, nor a type
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(http.StatusMethodNotAllowed, "")
		return
	}
	if _, ok := wire.Negotiate(r.Header.Get("Accept")); !ok {
		refuse(http.StatusNotAcceptable, "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'")
		return
	}
	media, ok := wire.ParseMediaType(r.Header.Get("Content-Type"))
	upload := api.uploads && wire.IsRecordIO(r.Header.Get("Content-Type"))
	switch {
	case upload:
		media, ok = wire.ParseMediaType(r.Header.Get("Message-Content-Type"))
		if !ok {
			refuse(http.StatusBadRequest, "Expecting 'Message-Content-Type' to be set for streaming requests")
			return
		}
		r.Body = s.records(r.Body, media, api.call)
		r.ContentLength = -1
		s.proxy.ServeHTTP(w, r)
		return
	case !ok:
		refuse(http.StatusUnsupportedMediaType, "Expecting 'Content-Type' of application/json or application/x-protobuf")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	call := api.call()
	if err := media.Unmarshal(body, call); err != nil {
		refuse(http.StatusBadRequest, "Failed to parse body into Call protobuf")
		return
	}
	s.version.forget(call.ProtoReflect())
	kind := call.ProtoReflect().Descriptor().Fields().ByName("type")
	if !call.ProtoReflect().Has(kind) { // also of a call that came later
		refuse(http.StatusBadRequest, "Failed to validate "+api.name+": Expecting 'type' to be present")
		return
	}
	if body, err = media.Append(nil, call); err != nil {
		refuse(http.StatusBadRequest, "Failed to validate "+api.name+": "+err.Error())
		return
	}
	if call, ok := call.(*agentpb.Call); ok && !s.talks.may(call) {
		refuse(http.StatusInternalServerError, "I/O switchboard server was disabled for this container")
		return
	}
	name := string(kind.Enum().Values().ByNumber(call.ProtoReflect().Get(kind).Enum()).Name())
	answer := answer{api.answer, false}
	if stream := api.streams[name]; stream != nil {
		answer.of, answer.stream = stream, true
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	r.Header.Del("Accept-Encoding")
	s.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), answerKey{}, answer)))
}

type answerKey struct{}

// answer is what a call is answered with: a message, or a stream of them.
type answer struct {
	of     func() wire.Message
	stream bool
}

// translate makes of an answer what the version says.
func (s *Server) translate(response *http.Response) error {
	answer, isCall := response.Request.Context().Value(answerKey{}).(answer)
	media, ok := wire.ParseMediaType(response.Header.Get("Content-Type"))
	if !isCall || !ok || response.StatusCode != http.StatusOK {
		return nil
	}
	if answer.stream {
		response.Body = s.records(response.Body, media, answer.of)
		return nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	body, err = s.retell(body, media, answer.of())
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return err
}

// retell is a message as the version has it; nil if it has no such.
func (s *Server) retell(data []byte, media wire.MediaType, m wire.Message) ([]byte, error) {
	if len(data) == 0 {
		return data, nil
	}
	if err := media.Unmarshal(data, m); err != nil {
		return nil, err
	}
	typed := typeOf(m.ProtoReflect())
	s.version.forget(m.ProtoReflect())
	if typed && !typeOf(m.ProtoReflect()) {
		return nil, nil
	}
	s.sign(m.ProtoReflect())
	return media.Append([]byte{}, m)
}

// signed are the messages in which a daemon says of which version it is.
var signed = []protoreflect.FullName{"mesos.v1.VersionInfo", "mesos.v1.MasterInfo", "mesos.v1.master.Response.GetAgents.Agent"}

// sign has daemons be of the version.
func (s *Server) sign(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case f.Name() == "version" && slices.Contains(signed, m.Descriptor().FullName()):
			m.Set(f, protoreflect.ValueOfString(s.version.String()))
		case f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range value.List().Len() {
				s.sign(value.List().Get(i).Message())
			}
		default:
			s.sign(value.Message())
		}
		return true
	})
}

// records are those of a stream, as the version has them.
func (s *Server) records(from io.ReadCloser, media wire.MediaType, of func() wire.Message) io.ReadCloser {
	out, in := io.Pipe()
	go func() {
		defer from.Close()
		reader := wire.NewRecordReader(from, wire.MaxMessageSize)
		for {
			record, err := reader.Next()
			if err == nil {
				record, err = s.retell(record, media, of())
			}
			if err == nil && record != nil {
				_, err = in.Write(wire.AppendRecord(nil, record))
			}
			if err != nil {
				_ = in.CloseWithError(err)
				return
			}
		}
	}()
	return closer{out, from}
}

// closer ends both ends of a stream.
type closer struct {
	*io.PipeReader
	from io.Closer
}

func (c closer) Close() error {
	_ = c.PipeReader.Close()
	return c.from.Close()
}
