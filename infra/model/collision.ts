/** Why a deployment can't be built as planned. */
export interface Collision {
  readonly deployment: string;
  readonly why: string;
}
