package supervise

const tinyMachine = 183 // EM_AARCH64
