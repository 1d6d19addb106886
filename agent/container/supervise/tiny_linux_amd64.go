package supervise

const tinyMachine = 62 // EM_X86_64
