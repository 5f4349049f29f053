import { useEffect, useReducer } from "react";

/** Renders again every second, for what shows how long ago something was. */
export function useSecondTick() {
  const [, tick] = useReducer((ticks: number) => ticks + 1, 0);
  useEffect(() => {
    const timer = setInterval(tick, 1000);
    return () => clearInterval(timer);
  }, []);
}
