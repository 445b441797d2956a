"""Flashes STM32 boards and other devices in DFU mode, and checks what it wrote."""
