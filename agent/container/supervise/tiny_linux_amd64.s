#include "textflag.h"

// The tiny process on amd64. It is position independent, calls nothing, and has
// no memory but its stack and the program, which it maps itself.
//
//	R12  the call that is next
//	R14  the pid of the command
TEXT tinyCode<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVL $9, AX          // mmap(programBase, programSize, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, 3, 0)
	MOVL $0x40000000, DI
	MOVL $0x1000000, SI
	MOVL $3, DX
	MOVL $0x12, R10
	MOVL $3, R8
	XORL R9, R9
	SYSCALL
	MOVL $3, AX          // close(3)
	MOVL $3, DI
	SYSCALL
	MOVL $0x40000000, R12

next:
	MOVQ 0(R12), AX
	CMPQ AX, $-1         // callHold
	JEQ  hold
	MOVQ 8(R12), DI
	MOVQ 16(R12), SI
	MOVQ 24(R12), DX
	MOVQ 32(R12), R10
	MOVQ 40(R12), R8
	MOVQ 48(R12), R9
	SYSCALL
	CMPQ AX, $-4095
	JCC  failed          // an error, as an unsigned number
	CMPQ 0(R12), $56     // clone?
	JNE  advance
	TESTQ AX, AX
	JNE  parent

advance:
	ADDQ $80, R12
	JMP  next

failed:
	NEGQ AX
	CMPQ AX, 56(R12)     // tolerated?
	JEQ  advance
	MOVQ 64(R12), SI     // the message, with the error in two bytes
	MOVL AX, DX
	ORL  $0x80, AX
	MOVB AX, 8(SI)
	SHRL $7, DX
	MOVB DX, 9(SI)
	MOVL $1, AX          // write(4, message, length)
	MOVL $4, DI
	MOVQ 72(R12), DX
	SYSCALL
	MOVL $1, DI
	JMP  exit

parent:
	MOVQ AX, R14
	MOVL AX, (SP)
	TESTL $0x8000, 8(R12) // CLONE_PARENT: another waits for the command, it is told its pid
	JNE  tell
	MOVL $4, R13
	JMP  drop

hold:
	XORL R14, R14
	MOVL $5, R13

drop:                    // close(R13) ... close(0): the command's files
	MOVL $3, AX
	MOVL R13, DI
	SYSCALL
	SUBL $1, R13
	JPL  drop
	MOVL $11, AX         // munmap(programBase, programSize)
	MOVL $0x40000000, DI
	MOVL $0x1000000, SI
	SYSCALL
	TESTQ R14, R14
	JEQ  pause

wait:
	MOVL $61, AX         // wait4(-1, SP, 0, NULL)
	MOVQ $-1, DI
	MOVQ SP, SI
	XORL DX, DX
	XORL R10, R10
	SYSCALL
	CMPQ AX, R14
	JNE  wait
	MOVL $1, AX          // write(5, SP, 4)
	MOVL $5, DI
	MOVQ SP, SI
	MOVL $4, DX
	SYSCALL
	MOVL (SP), DI        // exit as a shell does: the status, or 128 and the signal
	MOVL DI, AX
	SHRL $8, DI
	ANDL $0xff, DI
	ANDL $0x7f, AX
	JEQ  exit
	LEAL 128(AX), DI

exit:
	MOVL $231, AX        // exit_group(DI)
	SYSCALL

tell:
	MOVL $1, AX          // write(5, SP, 4)
	MOVL $5, DI
	MOVQ SP, SI
	MOVL $4, DX
	SYSCALL
	XORL DI, DI
	JMP  exit

pause:
	MOVL $34, AX         // pause()
	SYSCALL
	JMP  pause

DATA ·tinyAddress(SB)/8, $tinyCode<>(SB)
GLOBL ·tinyAddress(SB), RODATA, $8
