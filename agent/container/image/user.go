package image

import (
	"bufio"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// userOf finds the user of an image, "user[:group]", each a name or a number, in
// the image's own files.
func userOf(root, spec string) (*supervise.User, error) {
	files, err := os.OpenRoot(root) // no link of the image leads out of it
	if err != nil {
		return nil, mesos.Errorf(mesos.Internal, "%w", err)
	}
	defer files.Close()
	name, group, hasGroup := strings.Cut(spec, ":")
	user := &supervise.User{}
	uid, numeric := number(name)
	found := false
	err = lines(files, "etc/passwd", func(fields []string) bool {
		id, ok := number(field(fields, 2))
		if !ok || fields[0] != name && !(numeric && id == uid) {
			return false
		}
		gid, _ := number(field(fields, 3))
		name, user.UID, user.GID, found = fields[0], id, gid, true
		return true
	})
	switch {
	case found:
	case numeric:
		user.UID = uid
	case err != nil:
		return nil, mesos.Errorf(mesos.Invalid, "not found: %w", err)
	default:
		return nil, mesos.Errorf(mesos.Invalid, "the image's /etc/passwd has no such user")
	}
	gid, numeric := number(group)
	foundGroup := !hasGroup
	_ = lines(files, "etc/group", func(fields []string) bool { // without it there are numbers
		id, ok := number(field(fields, 2))
		switch {
		case !ok:
		case hasGroup && fields[0] == group:
			user.GID, foundGroup = id, true
		case !hasGroup && slices.Contains(strings.Split(field(fields, 3), ","), name) && id != user.GID:
			user.Groups = append(user.Groups, id)
		}
		return false
	})
	if !foundGroup && !numeric {
		return nil, mesos.Errorf(mesos.Invalid, "the image's /etc/group has no such group")
	}
	if !foundGroup {
		user.GID = gid
	}
	return user, nil
}

func number(s string) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	return uint32(n), err == nil
}

func field(fields []string, i int) string {
	if i < len(fields) {
		return fields[i]
	}
	return ""
}

// maxAccounts bounds how much of an image's files of users is read, in bytes.
const maxAccounts = 1 << 20

// lines calls f with the fields of each line until it returns true.
func lines(root *os.Root, name string, f func([]string) bool) error {
	info, err := root.Stat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // a pipe would be waited for
		return mesos.Errorf(mesos.Invalid, "%s is not a file", name)
	}
	file, err := root.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	scan := bufio.NewScanner(io.LimitReader(file, maxAccounts))
	for scan.Scan() {
		if f(strings.Split(scan.Text(), ":")) {
			return nil
		}
	}
	return scan.Err()
}
