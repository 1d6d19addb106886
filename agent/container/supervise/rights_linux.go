package supervise

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
)

// WriteRequestWith writes one request and hands an open file over with it, as
// unix(7) sockets can.
func WriteRequestWith(conn *os.File, r *Request, file *os.File) error {
	var message bytes.Buffer
	if err := WriteRequest(&message, r); err != nil {
		return err
	}
	theirs, err := file.SyscallConn()
	if err != nil {
		return err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	rest := message.Bytes()
	var rights []byte
	var sendErr error
	send := func(fd uintptr) bool {
		for len(rest) > 0 {
			n, err := syscall.SendmsgN(int(fd), rest, rights, nil, syscall.MSG_NOSIGNAL)
			switch err {
			case nil:
				rest, rights = rest[n:], nil
			case syscall.EINTR:
			case syscall.EAGAIN:
				return false
			default:
				sendErr = err
				return true
			}
		}
		return true
	}
	err = theirs.Control(func(fd uintptr) {
		rights = syscall.UnixRights(int(fd))
		if err := raw.Write(send); sendErr == nil {
			sendErr = err
		}
	})
	if err == nil {
		err = sendErr
	}
	return err
}

// receiver reads a connection on which files are handed over.
type receiver struct {
	conn  *os.File
	files []*os.File // those that came since take
}

// Read implements io.Reader.
func (r *receiver) Read(p []byte) (n int, err error) {
	raw, err := r.conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	const fdBytes = 4
	rights := make([]byte, syscall.CmsgSpace(fdBytes))
	var got int
	readErr := raw.Read(func(fd uintptr) bool {
		for {
			n, got, _, _, err = syscall.Recvmsg(int(fd), p, rights, syscall.MSG_CMSG_CLOEXEC)
			if !errors.Is(err, syscall.EINTR) {
				return !errors.Is(err, syscall.EAGAIN)
			}
		}
	})
	if readErr != nil {
		return 0, readErr
	}
	if err != nil {
		return 0, err
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	r.keep(rights[:got])
	return n, nil
}

func (r *receiver) keep(rights []byte) {
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil {
		return
	}
	for i := range messages {
		fds, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, fd := range fds {
			_ = syscall.SetNonblock(fd, true) // or a thread would wait for it
			r.files = append(r.files, os.NewFile(uintptr(fd), "attached"))
		}
	}
}

// take returns the file that came with the last message, if one did.
func (r *receiver) take() *os.File {
	var file *os.File
	for i, f := range r.files {
		if i == 0 {
			file = f
		} else {
			f.Close() // no message has two
		}
	}
	r.files = nil
	return file
}
