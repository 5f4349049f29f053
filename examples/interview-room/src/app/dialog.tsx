// A dialog, with its title as a heading. Focus stays inside, and returns.
import { Modal } from "@mantine/core";
import type { ReactNode } from "react";

export function Dialog(
  { title, isOpen, onClose, children }: {
    title: string;
    isOpen: boolean;
    onClose(): void;
    children: ReactNode;
  },
) {
  return (
    <Modal.Root opened={isOpen} onClose={onClose} centered>
      <Modal.Overlay />
      <Modal.Content>
        {/* no <Modal.Header>: it would be a second banner of the page */}
        <Modal.Body>
          <Modal.Title fw={650} fz="lg" mb="md">{title}</Modal.Title>
          {children}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
