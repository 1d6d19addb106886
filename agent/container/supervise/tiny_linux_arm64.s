#include "textflag.h"

// The tiny process on arm64. It is position independent, calls nothing, and has
// no memory but its stack and the program, which it maps itself.
//
//	R19  the call that is next
//	R20  the pid of the command
TEXT tinyCode<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD $222, R8         // mmap(programBase, programSize, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, 3, 0)
	MOVD $0x40000000, R0
	MOVD $0x1000000, R1
	MOVD $3, R2
	MOVD $0x12, R3
	MOVD $3, R4
	MOVD $0, R5
	SVC
	MOVD $57, R8          // close(3)
	MOVD $3, R0
	SVC
	MOVD $0x40000000, R19

next:
	MOVD 0(R19), R8
	CMN  $1, R8           // callHold
	BEQ  hold
	MOVD 8(R19), R0
	MOVD 16(R19), R1
	MOVD 24(R19), R2
	MOVD 32(R19), R3
	MOVD 40(R19), R4
	MOVD 48(R19), R5
	SVC
	CMN  $4095, R0
	BCS  failed           // an error, as an unsigned number
	MOVD 0(R19), R9
	CMP  $220, R9         // clone?
	BNE  advance
	CBNZ R0, parent

advance:
	ADD  $80, R19
	B    next

failed:
	NEG  R0, R9
	MOVD 56(R19), R10     // tolerated?
	CMP  R10, R9
	BEQ  advance
	MOVD 64(R19), R1      // the message, with the error in two bytes
	ORR  $0x80, R9, R10
	MOVB R10, 8(R1)
	LSR  $7, R9, R10
	MOVB R10, 9(R1)
	MOVD $64, R8          // write(4, message, length)
	MOVD $4, R0
	MOVD 72(R19), R2
	SVC
	MOVD $1, R0
	B    exit

parent:
	MOVD R0, R20
	SUB  $16, RSP
	MOVW R0, 0(RSP)
	MOVD 8(R19), R9
	TBNZ $15, R9, tell    // CLONE_PARENT: another waits for the command, it is told its pid
	MOVD $4, R21
	B    drop

hold:
	MOVD $0, R20
	MOVD $5, R21

drop:                     // close(R21) ... close(0): the command's files
	MOVD $57, R8
	MOVD R21, R0
	SVC
	SUBS $1, R21, R21
	BPL  drop
	MOVD $215, R8         // munmap(programBase, programSize)
	MOVD $0x40000000, R0
	MOVD $0x1000000, R1
	SVC
	CBZ  R20, pause

wait:
	MOVD $260, R8         // wait4(-1, RSP, 0, NULL)
	MOVD $-1, R0
	MOVD RSP, R1
	MOVD $0, R2
	MOVD $0, R3
	SVC
	CMP  R20, R0
	BNE  wait
	MOVD $64, R8          // write(5, RSP, 4)
	MOVD $5, R0
	MOVD RSP, R1
	MOVD $4, R2
	SVC
	MOVWU 0(RSP), R9      // exit as a shell does: the status, or 128 and the signal
	UBFX $8, R9, $8, R0
	AND  $0x7f, R9, R9
	CBZ  R9, exit
	ADD  $128, R9, R0

exit:
	MOVD $94, R8          // exit_group(R0)
	SVC

tell:
	MOVD $64, R8          // write(5, RSP, 4)
	MOVD $5, R0
	MOVD RSP, R1
	MOVD $4, R2
	SVC
	MOVD $0, R0
	B    exit

pause:
	MOVD $73, R8          // ppoll(NULL, 0, NULL, NULL)
	MOVD $0, R0
	MOVD $0, R1
	MOVD $0, R2
	MOVD $0, R3
	SVC
	B    pause

DATA ·tinyAddress(SB)/8, $tinyCode<>(SB)
GLOBL ·tinyAddress(SB), RODATA, $8
