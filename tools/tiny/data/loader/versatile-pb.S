@ The entry of the image: QEMU, or a boot loader, puts it anywhere in memory and jumps here with
@ r2 = a list of tags. Memory management and caches are off.
@ The whole file is first moved to where it is linked, above all that will be unpacked.
	.syntax unified
	.arm
	.section .start, "ax"
	.globl _start
_start:
	mov	r9, r2
	adr	r0, _start			@ from
	ldr	r1, =_start			@ to
	ldr	r2, =image_end			@ words beyond the file's end do no harm
	sub	r3, r2, r1
	add	r0, r0, r3			@ downwards, for the two may overlap
1:	ldmdb	r0!, {r3-r6}
	stmdb	r2!, {r3-r6}
	cmp	r2, r1
	bhi	1b
	ldr	pc, =2f
2:	ldr	sp, =stack_top
	mov	r0, r9
	bl	loader				@ returns where the kernel begins
	mov	r3, r0
	mov	r0, #0
	mvn	r1, #0				@ no number of a board: the tree says it
	ldr	r2, =0x1000			@ the device tree
	mov	pc, r3
	.ltorg
