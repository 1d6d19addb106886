package container

// There are no containers here that could put anything in the place of a file.
const openNoFollow, openNonblock = 0, 0
