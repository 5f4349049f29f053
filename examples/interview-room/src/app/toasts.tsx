// Short messages at the foot of the page. The region exists from the start, so
// that screen readers announce each message, once.
import { Notification, Stack } from "@mantine/core";
import { createContext, type ReactNode, useContext, useState } from "react";
import classes from "./toasts.module.css";

interface Toast {
  id: number;
  text: string;
}

/** Shows a message; the function that it returns closes it. */
type ShowToast = (text: string) => () => void;

const ToastContext = createContext<ShowToast>(() => () => {});

/** Seconds for which a message is shown, unless the user closes it. */
const shownFor = 20;

export function useToast(): ShowToast {
  return useContext(ToastContext);
}

let lastId = 0;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const close = (closed: Toast) =>
    setToasts((shown) => shown.filter((toast) => toast !== closed));
  const [show] = useState(() => (text: string) => {
    const toast = { id: ++lastId, text };
    setToasts((shown) => [...shown.slice(-2), toast]);
    setTimeout(() => close(toast), shownFor * 1000);
    return () => close(toast);
  });
  return (
    <ToastContext value={show}>
      {children}
      <Stack
        className={classes.toasts}
        gap="xs"
        role="status"
        aria-label="Messages"
        aria-atomic={false}
      >
        {toasts.map((toast) => (
          <Notification
            key={toast.id}
            role="presentation"
            withBorder
            closeButtonProps={{ "aria-label": "Close message" }}
            onClose={() => close(toast)}
          >
            {toast.text}
          </Notification>
        ))}
      </Stack>
    </ToastContext>
  );
}
